// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.opentest4j.TestAbortedException;

/**
 * A training run of TRL's: its configuration, the metrics of every step in double, the weights that it left. Folders are found by
 * listing, those of {@code testdata/training} always and those under {@code jacobian.shared} where there are any.
 *
 * @param folder of the case, beside {@code models}
 */
public record TrlCase(Path folder) {
    /** What a case says of itself rather than of the run. */
    private static final Set<String> TOLD = Set.of(
            "trainer",
            "run",
            "final",
            "note",
            "other_settings_at_trl_defaults",
            "reward_funcs",
            "use_vllm",
            "teacher_model",
            "peft_config");

    private static List<Path> roots() {
        try {
            return List.of(TestPaths.testdata("training"), TestPaths.shared("golden", "training"));
        } catch (TestAbortedException notThere) {
            return List.of(TestPaths.testdata("training"));
        }
    }

    /** The names of the cases that have a trace and that a test wants. */
    public static List<String> names(Predicate<TrlCase> wanted) {
        List<String> names = new ArrayList<>();
        for (Path root : roots()) {
            if (!Files.isDirectory(root)) {
                continue;
            }
            try (Stream<Path> folders = Files.list(root)) {
                folders.filter(folder -> Files.exists(folder.resolve("config.json"))
                                && Files.exists(folder.resolve("trace64.jsonl")))
                        .filter(folder -> wanted.test(new TrlCase(folder)))
                        .map(folder -> folder.getFileName().toString())
                        .filter(name -> !names.contains(name))
                        .sorted()
                        .forEach(names::add);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return names;
    }

    /** The case of a name, in the folder with the most in it. */
    public static TrlCase named(String name) {
        return roots().reversed().stream()
                .map(root -> root.resolve(name))
                .filter(folder -> Files.exists(folder.resolve("config.json")))
                .findFirst()
                .map(TrlCase::new)
                .orElseThrow();
    }

    /** All that {@code config.json} says. */
    public JsonNode told() {
        return Json.read(folder.resolve("config.json"));
    }

    /** TRL's class, such as {@code DPOTrainer}. */
    public String trainer() {
        return told().path("trainer").asText().split(" ")[0];
    }

    /** The settings of the run. */
    public ObjectNode settings() {
        ObjectNode settings = (ObjectNode) told();
        settings.remove(TOLD);
        return settings;
    }

    /** The folder of the model that was trained. */
    public Path model() throws IOException {
        return modelNamed(Files.readString(folder.resolve("model")).strip());
    }

    /** The folder of another model. */
    public Path modelNamed(String name) {
        return folder.resolveSibling("models").resolve(name);
    }

    /** Holds every metric of every step and the final weights to TRL's, within 20 times the noise of single precision. */
    public void compare(List<StepMetrics> steps, CausalLM model) {
        JsonNode noise = Json.read(folder.resolve("noise.json"));
        compareMetrics(steps, noise.path("trace_max_abs"));
        compareWeights(model, 20 * noise.path("final_weights_max_abs").asDouble(1e-6) + 1e-5);
    }

    private void compareMetrics(List<StepMetrics> steps, JsonNode noise) {
        List<JsonNode> wanted = Jsonl.read(folder.resolve("trace64.jsonl"));
        List<String> wrong = new ArrayList<>();
        assertThat(steps).hasSameSizeAs(wanted);
        for (int s = 0; s < steps.size(); s++) {
            int step = s;
            wanted.get(s).properties().forEach(entry -> {
                String key = entry.getKey();
                if (key.equals("step") || !entry.getValue().isNumber()) {
                    return;
                }
                double value = entry.getValue().asDouble();
                double got = steps.get(step).get(key);
                double tolerance = 20 * noise.path(key).asDouble() + 1e-5 * Math.abs(value) + 2e-6;
                if (!(Math.abs(got - value) <= tolerance)) {
                    wrong.add("step " + (step + 1) + " " + key + " " + got + " not " + value);
                }
            });
        }
        assertThat(wrong).isEmpty();
    }

    private void compareWeights(CausalLM model, double tolerance) {
        Path file = folder.resolve("final.safetensors");
        if (!Files.exists(file)) {
            return;
        }
        Map<String, Double> worst = new HashMap<>();
        try (SafetensorsFile weights = SafetensorsFile.open(file)) {
            for (String tensor : weights.names()) {
                float[] wanted = weights.read(tensor).toFloatArray();
                float[] got = model.parameter(tensor).value().toFloatArray();
                for (int i = 0; i < wanted.length; i++) {
                    worst.merge(tensor, (double) Math.abs(wanted[i] - got[i]), Math::max);
                }
            }
        }
        worst.values().removeIf(error -> error <= tolerance); // NaN is not
        assertThat(worst).isEmpty();
    }
}
