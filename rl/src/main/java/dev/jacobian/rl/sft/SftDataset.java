// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import dev.jacobian.io.rows.Rows;
import dev.jacobian.io.spill.Spill;
import java.nio.file.Path;
import java.util.List;

/** Demonstrations by index: a pure function of seed and index, so that a run can be repeated and resumed to the same bits. */
@FunctionalInterface
public interface SftDataset {
    /** The example at a place of the endless training stream. */
    SftExample example(long seed, long index);

    /** All examples of data that has a list of them, so that they can be checked before a run; empty for data that is made up. */
    default List<SftExample> allExamples() {
        return List.of();
    }

    /** Where an example comes from, in words for an error message. */
    default String source(SftExample example) {
        return "the example '" + example.prompt().strip() + "'";
    }

    /**
     * Examples of a JSONL file, shuffled anew for every pass: {@code prompt} and {@code completion} as strings or as lists of messages,
     * or {@code messages}.
     *
     * @throws dev.jacobian.io.FormatException naming file and row, if a row is no such object
     */
    static SftRows jsonl(Path file) {
        return jsonl(file, false);
    }

    /**
     * The same, where rows that are no such objects may be left out.
     *
     * @param skipBadRows whether a bad row is left out and counted, or is an error
     */
    static SftRows jsonl(Path file, boolean skipBadRows) {
        return of(Rows.of(file), skipBadRows);
    }

    /** The same of any data set. */
    static SftRows of(Rows data, boolean skipBadRows) {
        return SftRows.read(data, skipBadRows, Spill.usual());
    }

    /** A fixed list, shuffled anew for every pass. */
    static SftDataset of(String name, List<SftExample> examples) {
        return SftRows.of(name, examples);
    }
}
