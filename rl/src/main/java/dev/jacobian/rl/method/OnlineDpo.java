// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.PairedLogRatio;

/**
 * DPO on pairs that the policy samples itself (Guo et al., arXiv 2402.04792): the best and the worst of every prompt.
 *
 * <pre>
 * Δ    = Σ_t log(π / π_anchor)                                over the whole completion
 * loss = mean over pairs of −log σ( β (Δ_best − Δ_worst) )    or ( Δ_best − Δ_worst − 1/(2β) )² with ipo
 * </pre>
 *
 * <p>The anchor is the initial model, as in TRL. With {@code anchor=previous} it is the policy that sampled and moves with every
 * rollout: iterated DPO. A prompt whose samples all earn the same teaches nothing.
 */
public record OnlineDpo(
        @Setting(value = "0.1", doc = "strength of the anchor, in reward per nat of a whole completion")
        double beta,

        @Setting(value = "sigmoid", doc = "what is made of the difference of log-ratios")
        PairedLogRatio.Loss lossType,

        @Setting(
                value = "reference",
                doc = "what log-ratios are taken to: the initial model, or the policy that sampled")
        PairedLogRatio.Anchor anchor,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout)
        implements Method {
    /** TRL's β and loss. */
    public static final OnlineDpo DEFAULT = ConfigTree.defaults(OnlineDpo.class);

    public OnlineDpo {
        requirePositive("beta", beta);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "online_dpo";
    }

    @Override
    public String paper() {
        return "Guo et al., arXiv 2402.04792";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                Sampled.BEST_AND_WORST.of(new MeanBaseline()),
                new PairedLogRatio(beta, lossType, anchor),
                Aggregation.sequenceMeanTokenSum(),
                updatesPerRollout,
                false,
                false);
    }
}
