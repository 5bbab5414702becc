// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.SequencedSet;
import java.util.TreeMap;

/**
 * The files of a run directory as they are at this moment: {@code run.json}, {@code metrics.jsonl}, {@code
 * completions.jsonl} and {@code timeline.jsonl}. Each may be missing, and the last line of a JSONL file may be unfinished: a report is also wanted
 * of a run that has only begun and of one that was killed.
 *
 * @param run {@code run.json}, or an empty object
 * @param steps metrics of each step, by step; of two lines for one step the later one counts
 * @param completions one object per logged completion, in the order of the file
 * @param timeline what was done when, if the run has written that down
 */
record RunLog(
        ObjectNode run,
        SequencedMap<Integer, ObjectNode> steps,
        List<ObjectNode> completions,
        List<ObjectNode> timeline) {
    /** Accuracy on held-out problems; the one on the samples of training is {@code pass@1/train}. */
    static final String HELD_OUT = "pass@1";

    /**
     * Reads a run directory.
     *
     * @throws FormatException if a file is not what it should be; the message has file and line
     * @throws UncheckedIOException if the directory is not there or a file cannot be read
     */
    static RunLog read(Path directory) {
        if (!Files.isDirectory(directory)) {
            throw new UncheckedIOException(
                    "No run directory " + directory + ": give the folder that holds run.json and metrics.jsonl",
                    new NotDirectoryException(directory.toString()));
        }
        Path runFile = directory.resolve("run.json");
        ObjectNode run = Files.exists(runFile) ? object(Json.read(runFile), runFile.toString()) : Json.object();

        Path metricsFile = directory.resolve("metrics.jsonl");
        TreeMap<Integer, ObjectNode> steps = new TreeMap<>();
        for (ObjectNode line : lines(metricsFile)) {
            if (!line.path("step").canConvertToInt()) {
                throw new FormatException(
                        metricsFile.toString(), "a line has no integer 'step': " + line, "Add it or remove the line");
            }
            steps.put(line.get("step").intValue(), line);
        }
        RunLog log = new RunLog(
                run, steps, lines(directory.resolve("completions.jsonl")), lines(directory.resolve("timeline.jsonl")));
        log.addEvaluation("pass@1_before", 0);
        log.addEvaluation("pass@1_after", steps.isEmpty() ? 0 : steps.lastKey());
        return log;
    }

    /** The evaluations before and after training may stand in {@code run.json} only; they belong on the curve too. */
    private void addEvaluation(String key, int step) {
        if (!steps.isEmpty() && run.path(key).isNumber()) {
            ObjectNode line = steps.computeIfAbsent(step, none -> Json.object());
            if (!line.path(HELD_OUT).isNumber()) {
                line.set(HELD_OUT, run.get(key));
            }
        }
    }

    /** Names of all metrics, in the order in which they first appear. */
    SequencedSet<String> metricNames() {
        SequencedSet<String> names = new LinkedHashSet<>();
        for (ObjectNode step : steps.values()) {
            for (var field : step.properties()) {
                if (field.getValue().isNumber() && !field.getKey().equals("step")) {
                    names.add(field.getKey());
                }
            }
        }
        return names;
    }

    /** A metric's value at every step, in the order of {@link #steps}; NaN where it was not measured. */
    double[] series(String metric) {
        return steps.values().stream()
                .mapToDouble(
                        step -> step.path(metric).isNumber() ? step.get(metric).doubleValue() : Double.NaN)
                .toArray();
    }

    /** A value of {@code run.json} by its key, at the top or nested; the topmost counts. */
    Optional<JsonNode> fact(String key) {
        List<JsonNode> level = List.of(run);
        while (!level.isEmpty()) {
            List<JsonNode> next = new ArrayList<>();
            for (JsonNode node : level) {
                if (node.hasNonNull(key)) {
                    return Optional.of(node.get(key));
                }
                node.forEach(child -> {
                    if (child.isObject()) {
                        next.add(child);
                    }
                });
            }
            level = next;
        }
        return Optional.empty();
    }

    /** What was trained, such as {@code GRPO on countdown}; empty when {@code run.json} does not say. */
    String what() {
        String algorithm = name("algorithm").toUpperCase(Locale.ROOT);
        String task = name("task");
        return algorithm.isEmpty() || task.isEmpty() ? algorithm : algorithm + " on " + task;
    }

    /** A fact as text: itself, or the {@code name} in it if it is an object; empty if absent. */
    String name(String key) {
        return fact(key)
                .map(node -> node.isObject() ? node.path("name").asText() : node.asText())
                .orElse("");
    }

    /** The model without the folders that lead to it: a picture that is shown around need not tell them. */
    String model() {
        String model = name("model");
        Path path = Path.of(model);
        return path.isAbsolute() && path.getFileName() != null
                ? path.getFileName().toString()
                : model;
    }

    private static List<ObjectNode> lines(Path file) {
        List<ObjectNode> objects = new ArrayList<>();
        if (!Files.exists(file)) {
            return objects;
        }
        List<FormatException> broken = new ArrayList<>();
        Jsonl.forEachLine(file, line -> {
            if (!broken.isEmpty()) {
                throw broken.getFirst();
            }
            try {
                objects.add(object(line.json(), file + ", line " + line.number()));
            } catch (FormatException e) {
                broken.add(e); // forgiven in the last line of a run that was killed, or is writing it just now
            }
        });
        return objects;
    }

    private static ObjectNode object(JsonNode node, String where) {
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new FormatException(where, "expected a JSON object", "Correct the file");
    }
}
