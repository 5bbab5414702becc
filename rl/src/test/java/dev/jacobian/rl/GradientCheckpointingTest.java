// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code gradient_checkpointing} changes memory and nothing else; a run that cannot fit is refused with advice. */
class GradientCheckpointingTest {
    @TempDir
    Path folder;

    private static RlConfig.Builder config(String algorithm) {
        return RlConfig.builder()
                .algorithm(algorithm)
                .maxSteps(4)
                .promptsPerStep(4)
                .numGenerations(4)
                .maxCompletionLength(4)
                .learningRate(1e-3)
                .evalProblems(5)
                .finalEvalProblems(5);
    }

    private static List<Integer> reinforced(String algorithm, boolean checkpointing) {
        CausalLM model = TestModels.addition();
        RlConfig config = config(algorithm).gradientCheckpointing(checkpointing).build();
        new RlTrainer(model, new Addition(), config).train();
        return TestModels.bits(model);
    }

    private static SftDataset sums() {
        List<SftExample> examples = new ArrayList<>();
        for (int a = 10; a < 40; a++) {
            examples.add(new SftExample(a + "+" + 7 * a + "=", "" + 8 * a));
        }
        return SftDataset.of("sums", examples);
    }

    private static List<Integer> tuned(boolean checkpointing) {
        CausalLM model = TestModels.addition();
        OfflineConfig config = OfflineConfig.builder(Sft.DEFAULT)
                .maxSteps(5)
                .warmupSteps(0)
                .perDeviceTrainBatchSize(6)
                .microBatchTokens(40)
                .gradientCheckpointing(checkpointing)
                .build();
        OfflineTrainer.sft(model, sums(), config).train();
        return TestModels.bits(model);
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpo", "omd"})
    @DisplayName("reinforcement learning ends with the same weights, bit for bit, with it and without")
    void rl(String algorithm) {
        List<Integer> plain = reinforced(algorithm, false);
        assertThat(reinforced(algorithm, true)).isEqualTo(plain);
        assertThat(plain).isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @Test
    @DisplayName("fine-tuning ends with the same weights, bit for bit, with it and without")
    void sft() {
        List<Integer> plain = tuned(false);
        assertThat(tuned(true)).isEqualTo(plain);
        assertThat(plain).isNotEqualTo(TestModels.bits(TestModels.addition()));
    }

    @Test
    @DisplayName("a run may be resumed with it, because the bits are the same")
    void resumed() {
        RunOrigin origin = new RunOrigin("addition", "addition", Optional.empty());
        RlConfig config = config("grpo").saveSteps(1).build();
        new RlTrainer(TestModels.addition(), new Addition(), config)
                .output(folder.resolve("run"), origin, false)
                .train();
        new RlTrainer(
                        TestModels.addition(),
                        new Addition(),
                        config.toBuilder().gradientCheckpointing(true).build())
                .output(folder.resolve("run"), origin, true)
                .train();
    }

    @Test
    @DisplayName("a run whose largest micro-batch cannot fit is refused, with what would help and by how much")
    void refused() {
        RlConfig config = config("grpo")
                .numGenerations(200_000)
                .maxCompletionLength(50)
                .microBatchTokens(20_000_000)
                .build();
        assertThatThrownBy(() -> new RlTrainer(TestModels.addition(), new Addition(), config))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll(
                        "completions of up to 50 tokens",
                        " activations",
                        "The heap may grow to",
                        "gradient_checkpointing=true (then ",
                        "max_completion_length=25 (then ",
                        "prompts_per_step=2 (then ",
                        "-Xmx");
        OfflineConfig sft = OfflineConfig.builder(Sft.DEFAULT)
                .perDeviceTrainBatchSize(2_000_000)
                .microBatchTokens(20_000_000)
                .build();
        SftExample example = new SftExample("1+1=", "2");
        assertThatThrownBy(() -> OfflineTrainer.sft(TestModels.addition(), (seed, index) -> example, sft))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContainingAll("micro_batch_tokens=", "gradient_checkpointing=true (then ", "-Xmx");
    }
}
