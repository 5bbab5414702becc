// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recorded;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.lora.AdapterSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.TestAbortedException;

/**
 * Runs of TRL's GRPO and RLOO trainers on recorded samples: every metric of every step against the run in double, and the weights that
 * training leaves. Folders are found by listing, those of {@code testdata/training} always and those under {@code jacobian.shared} where there
 * are any.
 */
class OnlineGoldenTest {
    private static final Map<String, String> METHODS = Map.of("GRPOTrainer", "grpo", "RLOOTrainer", "rloo");

    /** What a case says of itself rather than of the run. */
    private static final Set<String> TOLD = Set.of(
            "trainer",
            "run",
            "final",
            "note",
            "other_settings_at_trl_defaults",
            "reward_funcs",
            "use_vllm",
            "peft_config");

    private static List<Path> roots() {
        try {
            return List.of(TestPaths.testdata("training"), TestPaths.shared("golden", "training"));
        } catch (TestAbortedException notThere) {
            return List.of(TestPaths.testdata("training"));
        }
    }

    static List<String> cases() {
        List<String> names = new ArrayList<>();
        for (Path root : roots()) {
            try (Stream<Path> folders = Files.isDirectory(root) ? Files.list(root) : Stream.empty()) {
                folders.filter(folder -> Files.exists(folder.resolve("rollouts.jsonl")))
                        .filter(folder -> METHODS.containsKey(trainer(folder)))
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

    private static String trainer(Path folder) {
        return Json.read(folder.resolve("config.json")).path("trainer").asText().split(" ")[0];
    }

    private static Path folder(String name) {
        return roots().reversed().stream()
                .map(root -> root.resolve(name))
                .filter(folder -> Files.exists(folder.resolve("config.json")))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("metrics of every step and the final weights are TRL's, within the noise of single precision")
    void run(String name) throws IOException {
        Path folder = folder(name);
        ObjectNode json = (ObjectNode) Json.read(folder.resolve("config.json"));
        String method = METHODS.get(trainer(folder));
        if (json.has("use_vllm")) {
            json.put("vllm_importance_sampling_correction", true);
        }
        json.remove(TOLD);
        RlConfig config = RlConfig.DEFAULT.with(new Given()
                .set("algorithm", method, "the trainer")
                .setAll(json, "config.json")
                .set("kl_samples", 0, "the test"));
        Path weights = folder.resolveSibling("models")
                .resolve(Files.readString(folder.resolve("model")).strip());
        Path adapter = folder.resolve("adapter_init");
        CausalLM model = Files.exists(adapter)
                ? CausalLM.load(weights, ModelOptions.DEFAULT, new AdapterSource.Saved(adapter))
                : CausalLM.load(weights);
        RecordedRollouts recorded = RecordedRollouts.read(
                folder.resolve("rollouts.jsonl"),
                Optional.of(folder.resolve("data.jsonl")),
                model,
                config.rollout(),
                config.plan(),
                config.maxSteps());
        List<StepMetrics> steps = new ArrayList<>();
        new RlTrainer(model, recorded.task(), config)
                .recorded(recorded)
                .listener(TrainingListener.eachStep(steps::add))
                .train();
        compare(folder, steps);
        compareWeights(folder, model);
    }

    private static void compare(Path folder, List<StepMetrics> steps) {
        List<JsonNode> wanted = Jsonl.read(folder.resolve("trace64.jsonl"));
        JsonNode noise = Json.read(folder.resolve("noise.json")).path("trace_max_abs");
        List<String> wrong = new ArrayList<>();
        assertThat(steps).hasSameSizeAs(wanted);
        for (int s = 0; s < steps.size(); s++) {
            int step = s;
            wanted.get(s).properties().forEach(entry -> {
                String key = entry.getKey();
                double value = entry.getValue().asDouble();
                double got = key.equals("step") ? value : steps.get(step).get(key);
                double tolerance = 20 * noise.path(key).asDouble() + 1e-5 * Math.abs(value) + 2e-6;
                if (!(Math.abs(got - value) <= tolerance)) {
                    wrong.add("step " + (step + 1) + " " + key + " " + got + " not " + value);
                }
            });
        }
        assertThat(wrong).isEmpty();
    }

    private static void compareWeights(Path folder, CausalLM model) {
        double noise = Json.read(folder.resolve("noise.json"))
                .path("final_weights_max_abs")
                .asDouble(1e-6);
        Path file = folder.resolve("final.safetensors");
        Map<String, Double> wrong = new TreeMap<>();
        if (Files.exists(file)) {
            try (SafetensorsFile weights = SafetensorsFile.open(file)) {
                for (String tensor : weights.names()) {
                    float[] wanted = weights.read(tensor).toFloatArray();
                    float[] got = model.parameter(tensor).value().toFloatArray();
                    double worst = 0;
                    for (int i = 0; i < wanted.length; i++) {
                        worst = Math.max(worst, Math.abs(wanted[i] - got[i]));
                    }
                    if (worst > 20 * noise + 1e-5) {
                        wrong.put(tensor, worst);
                    }
                }
            }
        }
        assertThat(wrong).isEmpty();
    }
}
