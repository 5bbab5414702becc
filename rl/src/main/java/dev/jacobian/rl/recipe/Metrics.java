// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Jsonl;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.recipe.stage.Curve;
import dev.jacobian.rl.recipe.stage.StageResult;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/** The curves in a run's {@code metrics.jsonl}, which has all steps, also those before the run was resumed. */
final class Metrics {
    private Metrics() {}

    /** Curves of some metrics, and of all means whose name begins so. */
    static StageResult curves(Path run, List<String> names, String prefix) {
        List<StepMetrics> steps = new ArrayList<>();
        TreeSet<String> more = new TreeSet<>();
        for (JsonNode line : Jsonl.read(run.resolve("metrics.jsonl"))) {
            Map<String, Double> values = new LinkedHashMap<>();
            line.properties().forEach(entry -> {
                values.put(entry.getKey(), entry.getValue().asDouble());
                if (entry.getKey().startsWith(prefix) && entry.getKey().endsWith("/mean")) {
                    more.add(entry.getKey());
                }
            });
            steps.add(new StepMetrics(line.path("step").asInt(), 0, values));
        }
        StageResult result = StageResult.EMPTY;
        for (String name : names) {
            result = result.curve(name, Curve.of(steps, name));
        }
        for (String name : more) {
            result = result.curve(name, Curve.of(steps, name));
        }
        return result;
    }
}
