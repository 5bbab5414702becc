// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.rl.advantage.GroupAdvantages;
import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.advantage.LengthWeightedBaseline;
import dev.jacobian.rl.advantage.PolicyViews;
import dev.jacobian.rl.advantage.ScoreWeightedBaseline;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.family.Families;
import dev.jacobian.transformer.generation.FinishReason;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Squared norms of scores against brute force in double: every parameter of a tiny model moved a little up and a little down. */
class ScoreNormsTest {
    private static final String CONFIG = """
        {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "hidden_act": "silu", "vocab_size": 9,
         "hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 2, "num_attention_heads": 2,
         "num_key_value_heads": 1, "head_dim": 4, "rms_norm_eps": 1e-5, "rope_theta": 10000.0,
         "max_position_embeddings": 32, "initializer_range": 0.4, "tie_word_embeddings": false,
         "attention_bias": false, "mlp_bias": false}
        """;
    private static final int[] PROMPT = {3, 1, 4};
    private static final int[][] COMPLETIONS = {{1, 5, 2}, {6, 5}, {3, 5, 8, 0, 7}, {2}};
    private static final double[] REWARDS = {1, 0, 0.25, 2};

    @TempDir
    Path folder;

    private CausalLM model() throws Exception {
        Files.writeString(folder.resolve("config.json"), CONFIG);
        return CausalLM.create(Families.read(folder), Optional.empty(), 11);
    }

    private static Group group(int... which) {
        List<Trajectory> samples = new ArrayList<>();
        for (int s : which) {
            float[] unknown = new float[COMPLETIONS[s].length];
            samples.add(Trajectory.ofPrompt(PROMPT).chosen(COMPLETIONS[s], unknown, 0, FinishReason.STOP));
        }
        return new Group(new Problem("p", "p", Map.of()), 0, PROMPT.length, samples);
    }

    @Test
    @DisplayName(
            "each sample's norm is that of finite differences in double, at the sampling temperature; none is wanted,"
                    + " none is measured; parameters are left without gradients")
    void norms() throws Exception {
        CausalLM model = model();
        for (float temperature : new float[] {1f, 1.7f}) {
            double[] measured =
                    ScoreNorms.of(model, group(0, 1, 2, 3), temperature, new boolean[] {true, true, true, false});
            assertThat(measured[3]).isZero();
            for (int s = 0; s < 3; s++) {
                double expected = DoubleLlama.of(model).squaredScoreNorm(PROMPT, COMPLETIONS[s], temperature);
                assertThat(measured[s]).isCloseTo(expected, within(2e-4 * expected));
            }
            double[] alone = ScoreNorms.of(model, group(2), temperature, new boolean[] {true});
            assertThat(alone[0]).as("whoever else is in the group").isEqualTo(measured[2]);
        }
        assertThat(model.parameters()).allMatch(parameter -> parameter.grad().isEmpty());
    }

    @Test
    @DisplayName(
            "OPO's exact baseline is Σ ‖∇log π‖² r / Σ ‖∇log π‖² with norms of brute force, and no other number makes"
                    + " the variance less")
    void baseline() throws Exception {
        CausalLM model = model();
        double[] norms = ScoreNorms.of(model, group(0, 1, 2, 3), 1f, new boolean[] {true, true, true, true});
        double[] advantages = new ScoreWeightedBaseline().advantages(rewards(REWARDS, norms));
        double weighted = 0;
        double sum = 0;
        for (int s = 0; s < REWARDS.length; s++) {
            double norm = DoubleLlama.of(model).squaredScoreNorm(PROMPT, COMPLETIONS[s], 1);
            weighted += norm * REWARDS[s];
            sum += norm;
        }
        double best = weighted / sum;
        for (int s = 0; s < REWARDS.length; s++) {
            assertThat(advantages[s]).isCloseTo(REWARDS[s] - best, within(1e-4));
        }
        double own = REWARDS[0] - advantages[0];
        for (double other : new double[] {own - 0.01, own + 0.01, 0, 0.8125}) {
            assertThat(spread(norms, own)).isLessThan(spread(norms, other));
        }
        double ofLengths = REWARDS[0]
                - new LengthWeightedBaseline().advantages(new GroupRewards(REWARDS, new int[] {3, 2, 5, 1}))[0];
        assertThat(own).as("lengths alone say something else here").isNotCloseTo(ofLengths, within(1e-3));
    }

    private static double spread(double[] norms, double baseline) {
        double spread = 0;
        for (int s = 0; s < norms.length; s++) {
            spread += norms[s] * (REWARDS[s] - baseline) * (REWARDS[s] - baseline);
        }
        return spread;
    }

    private static GroupRewards rewards(double[] rewards, double[] norms) {
        PolicyViews views = PolicyViews.sampled(new float[rewards.length][]).withScoreNorms(norms);
        return new GroupRewards(
                rewards, new int[rewards.length], Optional.empty(), List.of(), Optional.of(views), new double[0]);
    }

    @Test
    @DisplayName(
            "where norms are proportional to lengths it is the length-weighted baseline; samples without reward weigh"
                    + " nothing; equal rewards need no norms")
    void proportional() {
        int[] lengths = {3, 2, 5, 1};
        double[] norms = {0.75, 0.5, 1.25, 0.25};
        double[] exact = new ScoreWeightedBaseline().advantages(rewards(REWARDS, norms));
        assertThat(exact).containsExactly(new LengthWeightedBaseline().advantages(new GroupRewards(REWARDS, lengths)));
        double[] skipping = {1, Double.NaN, 0, 2};
        assertThat(new ScoreWeightedBaseline().advantages(rewards(skipping, norms)))
                .containsExactly(new LengthWeightedBaseline().advantages(new GroupRewards(skipping, lengths)));
        GroupRewards equal = new GroupRewards(new double[] {0.3, 0.3}, new int[] {1, 2});
        List<GroupAdvantages> none = new ScoreWeightedBaseline().advantages(List.of(equal));
        assertThat(none.getFirst().isZero()).isTrue();
        assertThatThrownBy(() -> new ScoreWeightedBaseline().advantages(new GroupRewards(REWARDS, lengths)))
                .hasMessageContaining("needs them measured, and nobody did");
    }

    @Test
    @DisplayName("the norm is over the parameters that the model lists, which are those that learn")
    void parametersThatLearn() throws Exception {
        CausalLM model = model();
        double all = ScoreNorms.of(model, group(0), 1f, new boolean[] {true})[0];
        double squares = 0;
        PackedGroups packed = PackedGroups.of(List.of(group(0)));
        PolicyScorer.score(model, packed, 1f).logProbs().backward(Tensor.of(new float[] {1, 1, 1}, 3));
        for (Parameter parameter : model.parameters()) {
            for (float one : parameter.grad().orElseThrow().toFloatArray()) {
                squares += (double) one * one;
            }
        }
        assertThat(all).isCloseTo(squares, within(1e-6 * squares));
    }
}
