// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.rows;

import dev.jacobian.io.Jsonl;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;

/** JSON lines: a row is a line. */
final class JsonLinesFormat implements RowFormat {
    @Override
    public String name() {
        return "JSON lines";
    }

    @Override
    public List<String> extensions() {
        return List.of("jsonl", "ndjson");
    }

    @Override
    public void read(Path file, Consumer<Row> consumer) {
        long[] number = {0};
        Jsonl.forEachLine(file, line -> consumer.accept(Row.of(file, ++number[0], line.number(), line::json)));
    }
}
