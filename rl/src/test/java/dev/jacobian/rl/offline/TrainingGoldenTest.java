// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.Jsonl;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
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
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.opentest4j.TestAbortedException;

/**
 * Whole training runs beside TRL's: every metric of every step against the run in double, and the weights that training leaves. Folders
 * are found by listing, those of {@code testdata/training} always and those under {@code jacobian.shared} where there are any.
 */
class TrainingGoldenTest {
    private static final Map<String, String> METHODS = Map.of(
            "SFTTrainer", "sft",
            "DPOTrainer", "dpo",
            "KTOTrainer", "kto",
            "ORPOTrainer", "orpo",
            "CPOTrainer", "cpo",
            "BCOTrainer", "bco",
            "RewardTrainer", "reward",
            "PRMTrainer", "prm",
            "GKDTrainer", "distill-gkd",
            "DistillationTrainer", "distill-recorded");

    /** What a case says of itself rather than of the run. */
    private static final Set<String> TOLD = Set.of(
            "trainer",
            "run",
            "final",
            "note",
            "other_settings_at_trl_defaults",
            "reward_funcs",
            "use_vllm",
            "teacher_model");

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
            if (Files.isDirectory(root)) {
                try (Stream<Path> folders = Files.list(root)) {
                    folders.filter(TrainingGoldenTest::isOurs)
                            .map(folder -> folder.getFileName().toString())
                            .filter(name -> !names.contains(name))
                            .sorted()
                            .forEach(names::add);
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        }
        return names;
    }

    private static boolean isOurs(Path folder) {
        Path config = folder.resolve("config.json");
        if (!Files.exists(config) || !Files.exists(folder.resolve("trace64.jsonl"))) {
            return false;
        }
        JsonNode json = Json.read(config);
        return METHODS.containsKey(json.path("trainer").asText().split(" ")[0]) && !json.has("peft_config");
    }

    /** The folder with the most in it. */
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
        ObjectNode config = (ObjectNode) Json.read(folder.resolve("config.json"));
        String trainer = config.path("trainer").asText().split(" ")[0];
        config.remove(TOLD);
        config.put("train_sampling_strategy", "sequential");
        CausalLM model = CausalLM.load(folder.resolveSibling("models")
                .resolve(Files.readString(folder.resolve("model")).strip()));
        String teacher = folder.resolveSibling("models") + "/"
                + Json.read(folder.resolve("config.json")).path("teacher_model").asText();
        OfflineMethod<?> method = OfflineMethods.find(METHODS.get(trainer)).orElseThrow();
        OfflineConfig settings = OfflineConfig.of(method)
                .with(new Given().setAll(config, "config.json").set("seed", 42, "--seed"));
        Path rollouts = folder.resolve("rollouts.jsonl");
        Path data = Files.exists(rollouts) ? rollouts : folder.resolve("data.jsonl");
        List<StepMetrics> steps = settings.method() instanceof DistillationMethod distillation
                ? distill(distillation, model, CausalLM.load(Path.of(teacher)), settings, data)
                : train(settings.method(), model, settings, data);
        compare(folder, steps);
        compareWeights(folder, model);
    }

    private static <E> List<StepMetrics> train(
            OfflineMethod<E> method, CausalLM model, OfflineConfig settings, Path data) {
        List<StepMetrics> steps = new ArrayList<>();
        new OfflineTrainer<>(model, method, Examples.read(method, model, settings, data, false), settings)
                .listener(TrainingListener.eachStep(steps::add))
                .train();
        return steps;
    }

    private static List<StepMetrics> distill(
            DistillationMethod method, CausalLM model, CausalLM teacher, OfflineConfig settings, Path data) {
        List<StepMetrics> steps = new ArrayList<>();
        new OfflineTrainer<>(
                        model,
                        method,
                        Examples.read(method, model, settings, data, false),
                        settings,
                        method.teaching(model, List.of(teacher), 42))
                .listener(TrainingListener.eachStep(steps::add))
                .train();
        return steps;
    }

    private static void compare(Path folder, List<StepMetrics> steps) throws IOException {
        Path exact = folder.resolve("trace64.jsonl");
        List<JsonNode> wanted = Jsonl.read(Files.exists(exact) ? exact : folder.resolve("trace.jsonl"));
        JsonNode noise = Json.read(folder.resolve("noise.json")).path("trace_max_abs");
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

    private static void compareWeights(Path folder, CausalLM model) {
        double noise = Json.read(folder.resolve("noise.json"))
                .path("final_weights_max_abs")
                .asDouble(1e-6);
        Path file = folder.resolve("final.safetensors");
        Map<String, Double> worst = new HashMap<>();
        if (Files.exists(file)) {
            try (SafetensorsFile weights = SafetensorsFile.open(file)) {
                for (String tensor : weights.names()) {
                    float[] wanted = weights.read(tensor).toFloatArray();
                    float[] got = model.parameter(tensor).value().toFloatArray();
                    for (int i = 0; i < wanted.length; i++) {
                        worst.merge(tensor, (double) Math.abs(wanted[i] - got[i]), Math::max);
                    }
                }
            }
            worst.values().removeIf(error -> error <= 20 * noise + 1e-5);
            assertThat(worst).isEmpty();
        }
    }
}
