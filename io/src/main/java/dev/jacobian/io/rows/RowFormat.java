// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/**
 * A format that rows are kept in. {@link Rows} finds those of other modules as services, so that a format which needs much code need
 * not be there.
 *
 * <p>An implementation has a public constructor without parameters, and may be used by several threads.
 */
public interface RowFormat {
    /** As people call it: {@code Parquet}. */
    String name();

    /** How names of its files end, in lower case and without the dot. */
    List<String> extensions();

    /**
     * Hands out all rows of a file in order, each before the next one is read.
     *
     * <p>Memory is bounded whatever the file's length. A file that is broken, hostile or cut short ends in an exception, soon and
     * without exhausting the process; of what is wrong with a single row, the row's {@link Row#json} tells.
     *
     * @throws dev.jacobian.io.FormatException naming file and row, if the file cannot be read on
     * @throws java.io.UncheckedIOException if the file cannot be read at all
     */
    void read(Path file, Consumer<Row> consumer);
}
