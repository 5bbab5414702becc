// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recorded;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.TrlCase;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.lora.AdapterSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Runs of TRL's GRPO and RLOO trainers on recorded samples: every metric of every step against the run in double, and the weights that
 * training leaves.
 */
class OnlineGoldenTest {
    private static final Map<String, String> METHODS = Map.of("GRPOTrainer", "grpo", "RLOOTrainer", "rloo");

    static List<String> cases() {
        return TrlCase.names(run -> METHODS.containsKey(run.trainer()));
    }

    @ParameterizedTest
    @MethodSource("cases")
    @DisplayName("metrics of every step and the final weights are TRL's, within the noise of single precision")
    void run(String name) throws IOException {
        TrlCase run = TrlCase.named(name);
        ObjectNode json = run.settings();
        if (run.told().has("use_vllm")) {
            json.put("vllm_importance_sampling_correction", true);
        }
        RlConfig config = RlConfig.DEFAULT.with(new Given()
                .set("algorithm", METHODS.get(run.trainer()), "the trainer")
                .setAll(json, "config.json")
                .set("kl_samples", 0, "the test"));
        Path adapter = run.folder().resolve("adapter_init");
        CausalLM model = Files.exists(adapter)
                ? CausalLM.load(run.model(), ModelOptions.DEFAULT, new AdapterSource.Saved(adapter))
                : CausalLM.load(run.model());
        RecordedRollouts recorded = RecordedRollouts.read(
                run.folder().resolve("rollouts.jsonl"),
                Optional.of(Rows.of(run.folder().resolve("data.jsonl"))),
                model,
                config.rollout(),
                config.plan(),
                config.maxSteps());
        List<StepMetrics> steps = new ArrayList<>();
        new RlTrainer(model, recorded.task(), config)
                .recorded(recorded)
                .listener(TrainingListener.eachStep(steps::add))
                .train();
        run.compare(steps, model);
    }
}
