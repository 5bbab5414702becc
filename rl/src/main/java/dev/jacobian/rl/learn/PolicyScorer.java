// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.Var;
import dev.jacobian.rl.rollout.Group;
import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Log-probabilities of sampled completions under a model, without gradient, in micro-batches. */
public final class PolicyScorer {
    private PolicyScorer() {}

    /** Log-probabilities of all tokens that the policy chose, group after group, sample after sample. */
    public static float[] logProbs(CausalLM model, List<Group> groups, float temperature, int microBatchTokens) {
        int total = groups.stream()
                .flatMap(g -> g.samples().stream())
                .mapToInt(Trajectory::choices)
                .sum();
        float[] all = new float[total];
        int at = 0;
        for (List<Group> part : microBatches(groups, microBatchTokens)) {
            float[] scored = Workspace.currentOrNew()
                    .compute(() -> NoGrad.compute(() -> score(model, PackedGroups.of(part), temperature)
                            .logProbs()
                            .value()
                            .toFloatArray()));
            System.arraycopy(scored, 0, all, at, scored.length);
            at += scored.length;
        }
        return all;
    }

    /** The same by group and sample: [groups][samples][choices]. */
    public static List<float[][]> perSample(
            CausalLM model, List<Group> groups, float temperature, int microBatchTokens) {
        float[] all = logProbs(model, groups, temperature, microBatchTokens);
        List<float[][]> cut = new ArrayList<>();
        int at = 0;
        for (Group group : groups) {
            float[][] own = new float[group.size()][];
            for (int i = 0; i < own.length; i++) {
                int to = at + group.samples().get(i).choices();
                own[i] = Arrays.copyOfRange(all, at, to);
                at = to;
            }
            cut.add(own);
        }
        return cut;
    }

    /** One forward pass over a packed batch; differentiable unless inside {@link NoGrad}. */
    public static TokenLogProbs.Result score(CausalLM model, PackedGroups batch, float temperature) {
        return score(model, model.hidden(batch.tokens(), batch.segments()), batch, temperature);
    }

    /** The same behind the backbone. */
    static TokenLogProbs.Result score(CausalLM model, Var hidden, PackedGroups batch, float temperature) {
        return model.logProbs(hidden, batch.rows(), batch.targets(), temperature);
    }

    /** Cuts groups into runs of at most so many tokens; a group is never cut, so a large one may exceed the limit alone. */
    public static List<List<Group>> microBatches(List<Group> groups, int microBatchTokens) {
        List<List<Group>> batches = new ArrayList<>();
        List<Group> current = new ArrayList<>();
        int tokens = 0;
        for (Group group : groups) {
            if (!current.isEmpty() && tokens + group.tokens() > microBatchTokens) {
                batches.add(current);
                current = new ArrayList<>();
                tokens = 0;
            }
            current.add(group);
            tokens += group.tokens();
        }
        if (!current.isEmpty()) {
            batches.add(current);
        }
        return batches;
    }
}
