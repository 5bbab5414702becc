// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a model did on a task, as {@link EvaluationFolder} keeps it.
 *
 * @param model its name
 * @param task its name
 * @param samples per problem
 * @param confidence level of the intervals
 * @param metrics by name
 * @param solved how many samples solved each problem, by its id
 */
public record SavedEvaluation(
        String model,
        String task,
        int samples,
        double confidence,
        Map<String, Estimate> metrics,
        Map<String, Integer> solved) {
    /**
     * All evaluations in a folder.
     *
     * @throws FormatException if there are none, or they are broken
     */
    public static List<SavedEvaluation> read(Path folder) {
        Path file = folder.resolve(EvaluationFolder.FILE);
        if (Files.notExists(file)) {
            throw new FormatException(
                    folder.toString(),
                    "there is no evaluation (" + EvaluationFolder.FILE + ")",
                    "Name a folder that eval --out wrote");
        }
        JsonNode all = Json.read(file);
        if (all.path("format").asInt() != EvaluationFolder.FORMAT
                || !all.path("model").isTextual()
                || !all.path("tasks").isArray()) {
            throw new FormatException(
                    file.toString(), "it is no evaluation of this version", "Name a folder that eval --out wrote");
        }
        List<SavedEvaluation> saved = new ArrayList<>();
        for (JsonNode task : all.get("tasks")) {
            saved.add(of(all.get("model").textValue(), task, file));
        }
        return saved;
    }

    private static SavedEvaluation of(String model, JsonNode task, Path file) {
        Map<String, Estimate> metrics = new LinkedHashMap<>();
        task.path("metrics").properties().forEach(entry -> metrics.put(entry.getKey(), estimate(entry.getValue())));
        JsonNode ids = task.path("problem_ids");
        JsonNode solved = task.path("solved");
        if (metrics.isEmpty() || ids.isEmpty() || ids.size() != solved.size()) {
            throw new FormatException(
                    file.toString(), "the task " + task.path("task") + " is incomplete", "Evaluate it again");
        }
        Map<String, Integer> byProblem = new LinkedHashMap<>();
        for (int p = 0; p < ids.size(); p++) {
            byProblem.put(ids.get(p).asText(), solved.get(p).asInt());
        }
        return new SavedEvaluation(
                model,
                task.path("task").asText(),
                Math.max(1, task.path("samples").asInt()),
                task.path("confidence").asDouble(Confidence.DEFAULT.level()),
                metrics,
                byProblem);
    }

    private static Estimate estimate(JsonNode json) {
        return new Estimate(
                number(json, "value"), number(json, "standard_error"), number(json, "low"), number(json, "high"));
    }

    private static double number(JsonNode json, String name) {
        return json.path(name).isNumber() ? json.get(name).doubleValue() : Double.NaN;
    }

    /**
     * How much more often this model solves what another one tried too, problem by problem; so what is hard for both does not blur the
     * difference.
     *
     * @return empty without a problem that both tried
     */
    public Optional<Estimate> ahead(SavedEvaluation other) {
        double[] differences = solved.keySet().stream()
                .filter(other.solved::containsKey)
                .mapToDouble(id -> share(id) - other.share(id))
                .toArray();
        return differences.length == 0
                ? Optional.empty()
                : Optional.of(new Confidence(confidence, Confidence.Method.CLUSTERED, 1, 0).mean(differences));
    }

    private double share(String problem) {
        return (double) solved.getOrDefault(problem, 0) / samples;
    }
}
