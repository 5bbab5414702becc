// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A measured suite and how it was measured: everything that the table, Markdown, SVG and JSON show.
 *
 * @param threads of every side
 * @param withPeers whether peers were measured
 * @param quick whether the effort was cut down
 */
public record Report(
        Suite suite, List<Row> rows, Machine machine, Effort effort, int threads, boolean withPeers, boolean quick) {
    /**
     * Writes {@code SUITE.md}, {@code SUITE.svg} and {@code SUITE.json} into a folder, and the JSON also where asked.
     *
     * @throws IOException if the folder cannot be made
     */
    public void write(Path folder, Optional<Path> json) throws IOException {
        Files.createDirectories(folder);
        AtomicFiles.writeString(folder.resolve(suite.name() + ".md"), Markdown.of(this));
        AtomicFiles.writeString(folder.resolve(suite.name() + ".svg"), Svg.of(this));
        ArrayNode array = JsonRows.of(this);
        Json.write(folder.resolve(suite.name() + ".json"), array);
        if (json.isPresent()) {
            Json.write(json.get(), array);
        }
    }

    /** The table and its summary, for a terminal. */
    public String text() {
        return Grid.of(this).text()
                + Grid.summary(this).map(line -> line + "\n").orElse("");
    }

    /** Flags of the JVM forks; the heap of the first case. */
    List<String> flags() {
        return Fork.flags(threads, suite.heap().applyAsInt(rows.getFirst().label()));
    }
}
