// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.rl.advantage.GroupAdvantages;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.learn.PackedGroups;
import dev.jacobian.rl.learn.PolicyGradient;
import dev.jacobian.rl.learn.PolicyScorer;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What the policy did not choose has no place in the loss, wherever it stands in a trajectory. */
class MaskedTrajectoryTest {
    private static final int[] PROMPT = {3, 4, 5};

    /** Scores a span of tokens by one plain forward pass over the whole sequence. */
    private static float[] plain(CausalLM model, int[] tokens, int... places) {
        int[] rows = Arrays.stream(places).map(t -> t - 1).toArray();
        int[] targets = Arrays.stream(places).map(t -> tokens[t]).toArray();
        return NoGrad.compute(() -> model.logProbs(model.hidden(tokens, Segments.of(tokens.length)), rows, targets, 1f)
                .logProbs()
                .value()
                .toFloatArray());
    }

    /** Two choices, a tool's answer of two tokens, one choice, and something after it; scored by the model itself. */
    private static Trajectory withTool(CausalLM model, long version) {
        int[] all = {3, 4, 5, 10, 11, 6, 7, 12, 8};
        float[] logProbs = plain(model, all, 3, 4, 7);
        return Trajectory.ofPrompt(PROMPT)
                .chosen(new int[] {10, 11}, Arrays.copyOf(logProbs, 2), version, FinishReason.STOP)
                .given(new int[] {6, 7})
                .chosen(new int[] {12}, new float[] {logProbs[2]}, version, FinishReason.STOP)
                .given(new int[] {8});
    }

    private static Group group(CausalLM model, long version) {
        float[] logProbs = plain(model, new int[] {3, 4, 5, 9, 2}, 3, 4);
        Trajectory other = Trajectory.ofPrompt(PROMPT).chosen(new int[] {9, 2}, logProbs, version, FinishReason.LENGTH);
        return new Group(new Problem("p", "", Map.of()), 0, 3, List.of(withTool(model, version), other));
    }

    private static CreditedGroup credited(Group group, GroupAdvantages advantages) {
        return new CreditedGroup(
                new ScoredGroup(
                        group,
                        List.of("", ""),
                        new double[] {1, 0},
                        new boolean[] {true, true},
                        new boolean[2],
                        Optional.empty(),
                        Map.of()),
                advantages);
    }

    private static List<Float> gradient(CausalLM model, CreditedGroup group) {
        Algorithm reinforce = new Algorithm(
                "mine", batch -> List.of(group.advantages()), new Reinforce(), Aggregation.tokenSum(), 1, true, false);
        model.parameters().forEach(Parameter::clearGrad);
        PolicyGradient gradient = new PolicyGradient(model, reinforce, 1f, 1000, List.of(group));
        gradient.accumulate(0);
        assertThat(gradient.agreement().differenceMax()).isZero();
        assertThat(gradient.statistics().tokens()).isEqualTo(5);
        List<Float> all = new ArrayList<>();
        for (Parameter parameter : model.parameters()) {
            for (float g : parameter.grad().orElseThrow().toFloatArray()) {
                all.add(g);
            }
        }
        return all;
    }

    @Test
    @DisplayName("packed with its group, each choice has the bits of a plain forward pass, and nothing else is scored")
    void packed() {
        CausalLM model = TestModels.addition();
        Group group = group(model, 0);
        PackedGroups packed = PackedGroups.of(List.of(group));
        assertThat(packed.targets()).containsExactly(10, 11, 12, 9, 2);
        assertThat(packed.offsets()).containsExactly(0, 3, 5);
        assertThat(packed.tokens())
                .as("the last choice and what follows predict nothing")
                .containsExactly(3, 4, 5, 10, 11, 6, 7, 9);
        float[] scored = PolicyScorer.logProbs(model, List.of(group), 1f, 1000);
        float[] recorded = new float[5];
        int at = 0;
        for (Trajectory sample : group.samples()) {
            for (int t = 0; t < sample.length(); t++) {
                if (sample.chosen()[t]) {
                    recorded[at++] = sample.logProbs()[t];
                }
            }
        }
        assertThat(scored).isEqualTo(recorded);
    }

    @Test
    @DisplayName("one advantage per token: equal ones are one per sample, others move the gradient")
    void perToken() {
        CausalLM model = TestModels.addition();
        Group group = group(model, 0);
        List<Float> samples = gradient(model, credited(group, GroupAdvantages.ofSamples(new double[] {0.5, -0.5})));
        List<Float> tokens =
                gradient(model, credited(group, GroupAdvantages.ofTokens(new double[][] {{0.5, 0.5, 0.5}, {-0.5, -0.5}
                })));
        assertThat(tokens).isEqualTo(samples);
        List<Float> turns =
                gradient(model, credited(group, GroupAdvantages.ofTokens(new double[][] {{0.5, 0.5, -1}, {-0.5, -0.5}
                })));
        assertThat(turns).isNotEqualTo(samples);
        assertThatThrownBy(() -> credited(group, GroupAdvantages.ofTokens(new double[][] {{1, 1, 1, 1}, {0, 0}})))
                .hasMessageContaining("sample 0 4 advantages; the policy chose 3 tokens");
    }

    @Test
    @DisplayName("tokens of older weights are no mismatch of sampler and trainer")
    void olderWeights() {
        CausalLM model = TestModels.addition();
        Group group = group(model, 0);
        model.parameters().getFirst().value().fill(0.01f);
        model.parameters().getFirst().valueChanged();
        CreditedGroup credited = credited(group, GroupAdvantages.ofSamples(new double[] {0.5, -0.5}));
        Algorithm any = RlConfig.DEFAULT.algorithm();
        PolicyGradient ofTheirVersion = new PolicyGradient(model, any, 1f, 1000, List.of(credited));
        ofTheirVersion.accumulate(0);
        assertThat(ofTheirVersion.agreement().differenceMax()).isPositive();
        PolicyGradient later = new PolicyGradient(model, any, 1f, 1000, List.of(credited));
        later.accumulate(1);
        assertThat(later.agreement().differenceMax()).isZero();
        assertThat(later.agreement().differenceMean()).isZero();
    }

    @Test
    @DisplayName("rewards for tokens reach the choices: what a tool's answer earned belongs to the choice before it")
    void processRewards() {
        CausalLM model = TestModels.addition();
        Group group = group(model, 0); // the completions: 10 11 6 7 12 8, where the tool wrote 6 7 and 8, and 9 2
        RewardFunction steps = RewardFunction.named("steps", completion -> {
            int[] tokens = completion.tokenIds();
            return tokens.length == 2
                    ? Score.of(3)
                    : Score.perToken(Arrays.stream(tokens).asDoubleStream().toArray());
        });
        Task task = new PromptTask("mine", List.of("?"), steps);
        ScoredGroup scored =
                Scoring.score(List.of(group), new CompletionText(model), task).getFirst();
        assertThat(scored.tokenRewards().orElseThrow()[0]).containsExactly(10, 11 + 6 + 7, 12 + 8);
        assertThat(scored.tokenRewards().orElseThrow()[1]).containsExactly(0, 3);
        assertThat(scored.rewards()).containsExactly(54, 3);
    }
}
