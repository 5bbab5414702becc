// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.autograd.optim.GradientClipping;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;
import java.util.List;

/**
 * ‖∇_θ Σ_t log π(y_t)‖² of samples, one by one: how far a sample can move the policy.
 *
 * <p>Decisions: measured, not estimated. The gradient of a sum of samples does not tell the norms of its terms, so each sample goes
 * forward and backward alone, its prompt with it: about what a step of learning costs, and more where prompts are long, since
 * samples do not share them here. θ is what is trained: with an adapter, the adapter. Parameters have no gradient before and none afterwards.
 */
public final class ScoreNorms {
    private ScoreNorms() {}

    /**
     * The squared norms of some of a group's samples.
     *
     * @param temperature that log-probabilities are taken at
     * @param wanted [G] which of them; the others are 0
     * @return [G]
     */
    public static double[] of(CausalLM model, Group group, float temperature, boolean[] wanted) {
        double[] squares = new double[group.size()];
        for (int i = 0; i < squares.length; i++) {
            if (wanted[i] && group.samples().get(i).choices() > 0) {
                PackedGroups alone = PackedGroups.of(List.of(group.slice(i, i + 1)));
                squares[i] = Workspace.currentOrNew().compute(() -> squaredNorm(model, alone, temperature));
            }
        }
        return squares;
    }

    private static double squaredNorm(CausalLM model, PackedGroups sample, float temperature) {
        Var logProbs = PolicyScorer.score(model, sample, temperature).logProbs(); // [R]
        float[] ones = new float[sample.targets().length];
        Arrays.fill(ones, 1f);
        logProbs.backward(Tensor.of(ones, ones.length));
        double norm = GradientClipping.measure(model.parameters(), 0).norm();
        model.parameters().forEach(Parameter::clearGrad);
        return norm * norm;
    }
}
