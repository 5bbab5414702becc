// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * A folder in which the evaluations of a model are kept: {@code evaluation.json} with all numbers, and for each task {@code samples-TASK.jsonl}
 * with every completion. Each file is written whole or not at all, a task's samples before its numbers.
 */
public final class EvaluationFolder {
    static final String FILE = "evaluation.json";
    static final int FORMAT = 1;

    private final Path folder;
    private final ObjectNode all = Json.object();
    private final ArrayNode tasks;
    private final Set<String> names = new HashSet<>();

    /**
     * A new folder.
     *
     * @param model its name, for tables
     * @throws IllegalStateException if there are evaluations in it already
     */
    public EvaluationFolder(Path folder, String model) {
        if (Files.exists(folder.resolve(FILE))) {
            throw new IllegalStateException(
                    "there are evaluations in " + folder + " already; name another folder, or remove it");
        }
        this.folder = folder;
        all.put("format", FORMAT);
        all.put("model", model);
        tasks = all.putArray("tasks");
    }

    /** Keeps an evaluation. */
    public void add(Evaluation evaluation) {
        String samples = "samples-" + unused(evaluation.task()) + ".jsonl";
        AtomicFiles.write(folder.resolve(samples), channel -> {
            try {
                evaluation.lines().forEach(line -> {
                    byte[] bytes = (Json.compact(line) + "\n").getBytes(StandardCharsets.UTF_8);
                    try {
                        AtomicFiles.writeFully(channel, ByteBuffer.wrap(bytes));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        });
        tasks.add(evaluation.toJson().put("samples_file", samples));
        Json.write(folder.resolve(FILE), all);
    }

    /** A task's name as part of a file's, and another one where two tasks have one name. */
    private String unused(String task) {
        String name = task.toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9._-]+", "-");
        String unused = name;
        for (int i = 2; !names.add(unused); i++) {
            unused = name + "-" + i;
        }
        return unused;
    }
}
