// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.TrlCase;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Whole training runs beside TRL's: every metric of every step against the run in double, and the weights that training leaves.
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

    static List<String> cases() {
        return TrlCase.names(
                run -> METHODS.containsKey(run.trainer()) && !run.told().has("peft_config"));
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("metrics of every step and the final weights are TRL's, within the noise of single precision")
    void run(String name) throws IOException {
        TrlCase run = TrlCase.named(name);
        CausalLM model = CausalLM.load(run.model());
        OfflineMethod<?> method =
                OfflineMethods.find(METHODS.get(run.trainer())).orElseThrow();
        OfflineConfig settings = OfflineConfig.of(method)
                .with(new Given()
                        .setAll(run.settings().put("train_sampling_strategy", "sequential"), "config.json")
                        .set("seed", 42, "--seed"));
        Path rollouts = run.folder().resolve("rollouts.jsonl");
        Path data = Files.exists(rollouts) ? rollouts : run.folder().resolve("data.jsonl");
        List<StepMetrics> steps = settings.method() instanceof DistillationMethod distillation
                ? distill(
                        distillation,
                        model,
                        CausalLM.load(
                                run.modelNamed(run.told().path("teacher_model").asText())),
                        settings,
                        data)
                : train(settings.method(), model, settings, data);
        run.compare(steps, model);
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
}
