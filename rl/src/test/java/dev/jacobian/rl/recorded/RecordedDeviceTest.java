// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recorded;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.TestModels;
import dev.jacobian.rl.TrlCase;
import dev.jacobian.rl.config.Given;
import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs on recorded samples on a GPU: corrections of a foreign sampler, entropy bonuses and references end with the CPU's weights, bit for bit. */
class RecordedDeviceTest {
    @ParameterizedTest
    @ValueSource(strings = {"grpo-is-token_mask", "grpo-entropycoef", "rloo-iter2-norm"})
    @DisplayName("TRL's recorded runs")
    void run(String name) throws IOException {
        TrlCase run = TrlCase.named(name);
        CausalLM device = TestModels.onDevice(run.model(), DType.F32, Arithmetic.BATCH_INVARIANT);
        CausalLM here = CausalLM.load(run.model());
        List<Integer> before = TestModels.bits(here);
        train(run, device);
        train(run, here);
        assertThat(TestModels.bits(device)).isEqualTo(TestModels.bits(here)).isNotEqualTo(before);
    }

    private static void train(TrlCase run, CausalLM model) throws IOException {
        ObjectNode json = run.settings();
        if (run.told().has("use_vllm")) {
            json.put("vllm_importance_sampling_correction", true);
        }
        RlConfig config = RlConfig.DEFAULT.with(new Given()
                .set("algorithm", run.trainer().startsWith("RLOO") ? "rloo" : "grpo", "the trainer")
                .setAll(json, "config.json")
                .set("kl_samples", 0, "the test"));
        RecordedRollouts recorded = RecordedRollouts.read(
                run.folder().resolve("rollouts.jsonl"),
                Optional.of(Rows.of(run.folder().resolve("data.jsonl"))),
                model,
                config.rollout(),
                config.plan(),
                config.maxSteps());
        new RlTrainer(model, recorded.task(), config).recorded(recorded).train();
    }
}
