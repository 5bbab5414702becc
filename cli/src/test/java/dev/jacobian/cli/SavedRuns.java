// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/** Folders of runs, as a test needs them. */
final class SavedRuns {
    private SavedRuns() {}

    /** Makes of a run that has ended one that was stopped: what came after a checkpoint is gone. */
    static void cutBack(Path run, int checkpoint) throws IOException {
        assertThat(run.resolve("checkpoint-" + checkpoint)).isDirectory();
        for (Path entry : entries(run)) {
            String name = entry.getFileName().toString();
            boolean later = name.startsWith("checkpoint-")
                    && Integer.parseInt(name.substring("checkpoint-".length())) > checkpoint;
            if (later || name.equals("model.safetensors") || name.equals("report.html")) {
                remove(entry);
            }
        }
    }

    private static List<Path> entries(Path folder) throws IOException {
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.toList();
        }
    }

    private static void remove(Path entry) throws IOException {
        List<Path> all;
        try (Stream<Path> inside = Files.walk(entry)) {
            all = inside.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path one : all) {
            Files.delete(one);
        }
    }
}
