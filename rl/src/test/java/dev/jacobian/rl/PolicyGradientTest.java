// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.learn.PolicyGradient;
import dev.jacobian.rl.learn.PolicyScorer;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.reward.RewardException;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptTask;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One optimizer step's gradient: identities between methods and between ways of cutting the step. */
class PolicyGradientTest {
    private static final Task TASK = new Addition();

    private static List<CreditedGroup> rollout(CausalLM model, Algorithm algorithm) {
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (Problem problem : TASK.trainProblems(0, 0, 16)) {
            requests.add(new RolloutTask.Request(problem, requests.size(), 8));
        }
        List<Group> groups =
                Rollouts.local(model).run(new RolloutTask(requests, GenerationConfig.sampling(4, 1f, 5), 0));
        return CreditedGroup.of(Scoring.score(groups, new CompletionText(model), TASK), algorithm.advantages());
    }

    private static float[] gradient(CausalLM model, Algorithm algorithm, List<CreditedGroup> groups, int microBatch) {
        model.parameters().forEach(Parameter::clearGrad);
        PolicyGradient gradient = new PolicyGradient(model, algorithm, 1f, microBatch, groups);
        gradient.accumulate(0);
        assertThat(gradient.agreement().differenceMax()).isEqualTo(0.0);
        float[] all = new float[(int) model.config().parameters()];
        int at = 0;
        for (Parameter parameter : model.parameters()) {
            for (float g : parameter.grad().orElseThrow().toFloatArray()) {
                all[at++] = g;
            }
        }
        return all;
    }

    private static Algorithm named(String name) {
        return RlConfig.builder().algorithm(name).build().algorithm();
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpo", "opo", "omd"})
    @DisplayName("the size of micro-batches changes the gradient by rounding only")
    void microBatches(String name) {
        CausalLM model = TestModels.addition();
        Algorithm algorithm = named(name);
        List<CreditedGroup> groups = rollout(model, algorithm);
        float[] whole = gradient(model, algorithm, groups, 1 << 20);
        float[] parts = gradient(model, algorithm, groups, 50);
        double norm = norm(whole);
        assertThat(norm).isPositive();
        for (int i = 0; i < whole.length; i++) {
            assertThat((double) parts[i]).isCloseTo(whole[i], within(1e-6 * norm));
        }
    }

    @Test
    @DisplayName("an anchor at the policy itself pulls nowhere; one that was not asked is an error")
    void anchorAtThePolicy() {
        CausalLM model = TestModels.addition();
        List<CreditedGroup> groups = rollout(model, named("grpo"));
        Algorithm anchored =
                RlConfig.DEFAULT.withMethod(Grpo.DEFAULT.with("beta", 0.5)).algorithm();
        float[] free = gradient(model, named("grpo"), groups, 50);
        model.parameters().forEach(Parameter::clearGrad);
        PolicyGradient unasked = new PolicyGradient(model, anchored, 1f, 50, groups);
        assertThatThrownBy(() -> unasked.accumulate(0))
                .hasMessageContaining("needs the reference policy's log-probabilities");
        model.parameters().forEach(Parameter::clearGrad);
        List<float[][]> seen = PolicyScorer.perSample(
                model, groups.stream().map(g -> g.scored().group()).toList(), 1f, 50);
        List<CreditedGroup> withReference = new ArrayList<>();
        for (int g = 0; g < groups.size(); g++) {
            CreditedGroup group = groups.get(g);
            withReference.add(new CreditedGroup(
                    group.scored(), group.advantages(), group.views().withRef(seen.get(g))));
        }
        PolicyGradient asked = new PolicyGradient(model, anchored, 1f, 50, withReference);
        asked.accumulate(0);
        assertThat(asked.statistics().klMean()).isZero();
        int at = 0;
        for (Parameter parameter : model.parameters()) {
            for (float g : parameter.grad().orElseThrow().toFloatArray()) {
                assertThat(g + 0f).isEqualTo(free[at++] + 0f); // + 0 makes one zero of two
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"grpo", "opo", "omd"})
    @DisplayName("one thread and two give the same bits")
    void threads(String name) {
        CausalLM model = TestModels.addition();
        Algorithm algorithm = named(name);
        int before = ComputePool.threads();
        try {
            ComputePool.setThreads(1);
            float[] one = gradient(model, algorithm, rollout(model, algorithm), 1 << 20);
            ComputePool.setThreads(2);
            float[] two = gradient(model, algorithm, rollout(model, algorithm), 1 << 20);
            assertThat(two).containsExactly(one);
        } finally {
            ComputePool.setThreads(before);
        }
    }

    @Test
    @DisplayName("on policy, clipped surrogate, mirror descent and REINFORCE have one gradient")
    void onPolicyIdentity() {
        CausalLM model = TestModels.addition();
        Algorithm opo = named("opo");
        List<CreditedGroup> groups = rollout(model, opo);
        Algorithm clipped = new Algorithm(
                "clipped", opo.advantages(), named("grpo").objective(), opo.aggregation(), 1, false, false);
        Algorithm mirror =
                new Algorithm("mirror", opo.advantages(), named("omd").objective(), opo.aggregation(), 1, false, false);
        float[] reinforce = gradient(model, opo, groups, 1 << 20);
        assertThat(gradient(model, clipped, groups, 1 << 20)).containsExactly(reinforce);
        assertThat(gradient(model, mirror, groups, 1 << 20)).containsExactly(reinforce);
    }

    @Test
    @DisplayName("the order of groups changes no advantage, and the gradient by rounding only")
    void order() {
        CausalLM model = TestModels.addition();
        Algorithm algorithm = named("grpo");
        List<CreditedGroup> groups = rollout(model, algorithm);
        float[] forward = gradient(model, algorithm, groups, 1 << 20);
        List<CreditedGroup> reversed = new ArrayList<>(groups);
        Collections.reverse(reversed);
        float[] backward = gradient(model, algorithm, reversed, 1 << 20);
        double norm = norm(forward);
        for (int i = 0; i < forward.length; i++) {
            assertThat((double) backward[i]).isCloseTo(forward[i], within(1e-6 * norm));
        }
    }

    @Test
    @DisplayName("a reward function that throws or returns NaN stops the run with a message that names it")
    void badRewards() {
        for (RewardFunction bad : List.of(
                RewardFunction.named("bad", c -> {
                    throw new IllegalStateException("no grader");
                }),
                RewardFunction.named("bad", c -> Score.of(Double.NaN)))) {
            Task task = new PromptTask("mine", List.of("1+1=", "2+2="), bad);
            RlConfig config =
                    RlConfig.builder().maxSteps(1).maxCompletionLength(4).build();
            assertThatThrownBy(() -> new RlTrainer(TestModels.addition(), task, config).train())
                    .isInstanceOf(RewardException.class)
                    .hasMessageContaining("bad")
                    .hasMessageContaining("mine-");
        }
    }

    private static double norm(float[] x) {
        double squares = 0;
        for (float value : x) {
            squares += (double) value * value;
        }
        return Math.sqrt(squares);
    }
}
