// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.rl.advantage.GroupAdvantages;
import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.learn.PolicyGradient;
import dev.jacobian.rl.learn.PolicyScorer;
import dev.jacobian.rl.method.Algorithm;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.PolicyObjective;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.objective.SquaredLogRatio;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.function.DoubleBinaryOperator;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/**
 * Methods that their papers prove equal, on the gradients of a model that has left the policy that sampled: mirror descent is a regularised
 * policy gradient, SPPO a semi-online one whose tokens share the residual of their sequence.
 */
class ModelIdentityTest {
    private static final Task TASK = new Addition();
    private static final double TAU = 0.3;
    private static final double ETA = 4;

    private CausalLM model;
    private List<CreditedGroup> groups;

    @BeforeEach
    void rollOutAndMoveOn() {
        model = TestModels.addition();
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (Problem problem : TASK.trainProblems(0, 0, 12)) {
            requests.add(new RolloutTask.Request(problem, requests.size(), 6));
        }
        List<Group> sampled =
                Rollouts.local(model).run(new RolloutTask(requests, GenerationConfig.sampling(4, 1f, 5), 0));
        groups = CreditedGroup.of(Scoring.score(sampled, new CompletionText(model), TASK), new MeanBaseline());
        for (Parameter parameter : model.parameters()) { // the policy is no longer the one that sampled
            float[] values = parameter.value().toFloatArray();
            for (int i = 0; i < values.length; i++) {
                values[i] *= 1 + 0.03f * (float) Math.sin(i);
            }
            parameter
                    .value()
                    .copyFrom(Tensor.of(values, parameter.value().shape().toArray()));
            parameter.valueChanged();
        }
    }

    private double[] gradient(PolicyObjective objective, List<CreditedGroup> batch) {
        Algorithm algorithm = new Algorithm(
                "identity", new MeanBaseline(), objective, Aggregation.sequenceMeanTokenSum(), 1, false, false);
        model.parameters().forEach(Parameter::clearGrad);
        new PolicyGradient(model, algorithm, 1f, 1 << 20, batch).accumulate(0);
        return model.parameters().stream()
                .flatMapToDouble(parameter -> {
                    float[] gradient = parameter.grad().orElseThrow().toFloatArray();
                    double[] wide = new double[gradient.length];
                    for (int i = 0; i < wide.length; i++) {
                        wide[i] = gradient[i];
                    }
                    return java.util.Arrays.stream(wide);
                })
                .toArray();
    }

    /** The same samples with advantages of their own for every token, made of the sample's advantage and its Δ to the anchor. */
    private List<CreditedGroup> credited(DoubleBinaryOperator credit) {
        List<CreditedGroup> all = new ArrayList<>();
        for (CreditedGroup group : groups) {
            float[] now = PolicyScorer.logProbs(model, List.of(group.scored().group()), 1f, 1 << 20);
            double[][] tokens = new double[group.scored().group().size()][];
            int at = 0;
            for (int i = 0; i < tokens.length; i++) {
                Trajectory sample = group.scored().group().samples().get(i);
                double delta = 0;
                for (int t = 0; t < sample.length(); t++) {
                    delta += sample.chosen()[t] ? (double) now[at++] - sample.logProbs()[t] : 0;
                }
                tokens[i] = new double[sample.choices()];
                java.util.Arrays.fill(
                        tokens[i], credit.applyAsDouble(group.advantages().mean(i), delta));
            }
            all.add(new CreditedGroup(group.scored(), GroupAdvantages.ofTokens(tokens)));
        }
        return all;
    }

    private static void requireSame(double[] actual, double[] expected) {
        double squares = 0;
        for (double value : expected) {
            squares += value * value;
        }
        assertThat(squares).isPositive();
        assertThat(actual).containsExactly(expected, within(3e-6 * Math.sqrt(squares)));
    }

    @Test
    @DisplayName("mirror descent is the policy gradient and τ/2 of the gradient of Δ²; as a regression too")
    void mirrorDescent() {
        double[] mirror = gradient(SquaredLogRatio.mirrorDescent(TAU), groups);
        double[] policy = gradient(new Reinforce(), groups);
        double[] anchor = gradient(SquaredLogRatio.mirrorDescent(TAU), credited((advantage, delta) -> 0));
        double[] sum = new double[mirror.length];
        for (int i = 0; i < sum.length; i++) {
            sum[i] = policy[i] + anchor[i];
        }
        requireSame(mirror, sum);
        assertThat(anchor).as("the anchor pulls").isNotEqualTo(new double[anchor.length]);
        assertThat(gradient(SquaredLogRatio.mirrorDescentRegression(TAU), groups))
                .containsExactly(mirror);
    }

    @Test
    @DisplayName("SPPO is a policy gradient on samples of the anchor, its advantage 2 (η (P − ½) − Δ)")
    void selfPlay() {
        double[] sppo = gradient(SquaredLogRatio.sppo(ETA), groups);
        double[] policy = gradient(new Reinforce(), credited((advantage, delta) -> 2 * (ETA * advantage - delta)));
        requireSame(sppo, policy);
    }

    @Test
    @DisplayName("SPPO read token by token: each token is credited with the residual of all, as the sum of log-ratios"
            + " approaches the sum that is wanted")
    void selfPlayOfTokens() {
        // Σ_t log(π/π_t) = η (P − ½) is a constraint on the sum alone: a sample's tokens all have dL/dlogp = 2 (Δ − η
        // (P − ½)).
        List<CreditedGroup> residuals = credited((advantage, delta) -> delta - ETA * advantage);
        double[] ascent = gradient(new Reinforce(), residuals); // of −residual · Σ_t log π
        double[] sppo = gradient(SquaredLogRatio.sppo(ETA), groups);
        double[] twice = new double[sppo.length];
        for (int i = 0; i < twice.length; i++) {
            twice[i] = -2 * ascent[i];
        }
        requireSame(sppo, twice);
    }
}
