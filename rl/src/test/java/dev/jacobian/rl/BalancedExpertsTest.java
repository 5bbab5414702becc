// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Trainers add the load-balancing loss of a mixture's experts where settings or the model ask for it. */
class BalancedExpertsTest {
    /** No reward ever differs, so nothing but the balance has a gradient. */
    private static final Task INDIFFERENT = new PromptTask(
            "sums",
            Stream.of("12+30=", "25+7=", "40+41=", "3+99=").toList(),
            RewardFunction.named("none", completion -> Score.of(1)));

    @TempDir
    Path folder;

    /** Six experts of which two are chosen, and the tokenizer of the model that adds. */
    private CausalLM mixture(boolean asksForBalance) {
        String config = """
            {"model_type": "qwen3_moe", "vocab_size": 264, "hidden_size": 32, "intermediate_size": 48,
             "moe_intermediate_size": 16, "num_experts": 6, "num_experts_per_tok": 2, "norm_topk_prob": true,
             "num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16,
             "hidden_act": "silu", "max_position_embeddings": 64, "rms_norm_eps": 1e-6, "rope_theta": 10000.0,
             "initializer_range": 0.3, "tie_word_embeddings": false, "eos_token_id": 256,
             "output_router_logits": %s, "router_aux_loss_coef": 0.25}
            """.formatted(asksForBalance);
        Json.write(folder.resolve("config.json"), Json.parse(config, "mixture"));
        return CausalLM.create(Families.read(folder), Optional.of(TestModels.additionFolder()), 3);
    }

    private static OfflineConfig sft(Object... keysAndValues) {
        Given given = new Given();
        given.set("max_steps", Json.parse("24", "test"), "test");
        for (int i = 0; i < keysAndValues.length; i += 2) {
            given.set(keysAndValues[i].toString(), Json.parse(keysAndValues[i + 1].toString(), "test"), "test");
        }
        return OfflineConfig.builder(Sft.DEFAULT)
                .perDeviceTrainBatchSize(4)
                .learningRate(3e-3)
                .warmupSteps(0)
                .loggingSteps(1)
                .build()
                .with(given);
    }

    private List<StepMetrics> fineTune(CausalLM model, OfflineConfig config) throws IOException {
        Path data = Files.writeString(folder.resolve("sums.jsonl"), """
            {"prompt": "1+1=", "completion": "2"}
            {"prompt": "20+30=", "completion": "50"}
            {"prompt": "7+6=", "completion": "13"}
            """);
        List<StepMetrics> steps = new ArrayList<>();
        OfflineTrainer.sft(model, SftDataset.jsonl(data), config)
                .listener(TrainingListener.eachStep(steps::add))
                .train();
        return steps;
    }

    @Test
    @DisplayName("fine-tuning: as the model asks, as the setting says, and evener with than without")
    void fineTuning() throws IOException {
        assertThat(fineTune(mixture(false), sft()).getLast().values()).doesNotContainKey("aux_loss");
        assertThat(fineTune(mixture(true), sft("router_aux_loss_coef", 0))
                        .getLast()
                        .values())
                .doesNotContainKey("aux_loss");

        List<StepMetrics> asked = fineTune(mixture(true), sft());
        assertThat(asked).isEqualTo(withTimesOf(asked, fineTune(mixture(false), sft("router_aux_loss_coef", 0.25))));
        List<StepMetrics> hardly = fineTune(mixture(false), sft("router_aux_loss_coef", 1e-9));
        StepMetrics first = asked.getFirst();
        assertThat(first.get("loss"))
                .isCloseTo(hardly.getFirst().get("loss") + 0.25 * first.get("aux_loss"), within(1e-6));
        assertThat(first.get("aux_loss")).isEqualTo(hardly.getFirst().get("aux_loss"));
        assertThat(asked.getLast().get("aux_loss"))
                .isLessThan(hardly.getLast().get("aux_loss") - 0.02)
                .isGreaterThan(1.9);
    }

    private static List<StepMetrics> withTimesOf(List<StepMetrics> timed, List<StepMetrics> steps) {
        List<StepMetrics> same = new ArrayList<>();
        for (int i = 0; i < steps.size(); i++) {
            Map<String, Double> values = new LinkedHashMap<>(steps.get(i).values());
            values.put("tokens_per_s", timed.get(i).get("tokens_per_s"));
            same.add(new StepMetrics(steps.get(i).step(), steps.get(i).totalSteps(), values));
        }
        return same;
    }

    @Test
    @DisplayName("micro-batches: the step's loss is their mean by tokens")
    void microBatches() throws IOException {
        StepMetrics whole = fineTune(mixture(true), sft()).getFirst();
        StepMetrics parts =
                fineTune(mixture(true), sft("micro_batch_tokens", 8)).getFirst();
        assertThat(parts.get("aux_loss")).isGreaterThan(whole.get("aux_loss")); // fewer tokens, less even
        assertThat(parts.get("loss") - 0.25 * parts.get("aux_loss"))
                .isCloseTo(whole.get("loss") - 0.25 * whole.get("aux_loss"), within(1e-6));
    }

    private static List<StepMetrics> reinforce(CausalLM model, double coefficient) {
        RlConfig config = RlConfig.builder()
                .maxSteps(6)
                .promptsPerStep(4)
                .numGenerations(3)
                .maxCompletionLength(4)
                .learningRate(3e-3)
                .finalEvalProblems(1)
                .set("router_aux_loss_coef", coefficient)
                .build();
        List<StepMetrics> steps = new ArrayList<>();
        new RlTrainer(model, INDIFFERENT, config)
                .listener(TrainingListener.eachStep(steps::add))
                .train();
        return steps;
    }

    @Test
    @DisplayName("reinforcement learning: the balance moves weights that no reward moves, on policy all the while")
    void reinforcement() {
        CausalLM still = mixture(true);
        List<Integer> before = TestModels.bits(still);
        reinforce(still, 0);
        assertThat(TestModels.bits(still)).isEqualTo(before);

        CausalLM moved = mixture(true);
        List<StepMetrics> steps = reinforce(moved, -1);
        assertThat(TestModels.bits(moved)).isNotEqualTo(before);
        for (StepMetrics step : steps.subList(1, steps.size())) { // behind the measurement before training
            assertThat(step.get("loss")).isCloseTo(0.25 * step.get("aux_loss"), within(1e-6));
            assertThat(step.get("sampling/sampling_logp_difference/max")).isZero();
        }
        assertThat(steps.getLast().get("aux_loss")).isLessThan(steps.get(1).get("aux_loss"));
    }

    @Test
    @DisplayName("a model without experts has no such loss, and the weight is not negative")
    void refused() {
        assertThatThrownBy(() -> fineTune(TestModels.addition(), sft("router_aux_loss_coef", 0.1)))
                .hasMessageContaining("load-balancing loss")
                .hasMessageContaining("router_aux_loss_coef");
        assertThatThrownBy(() -> sft("router_aux_loss_coef", -0.5))
                .hasMessageContaining("router_aux_loss_coef must be 0 or more, or -1");
    }
}
