// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.BatchNormalized;
import dev.jacobian.rl.advantage.LeaveOneOut;
import dev.jacobian.rl.advantage.ShapedRewards;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Numbers;
import dev.jacobian.rl.config.ReferenceSync;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedSurrogate;
import dev.jacobian.rl.objective.EntropyBonus;
import dev.jacobian.rl.objective.KlPenalty;
import dev.jacobian.rl.objective.RatioLevel;
import dev.jacobian.rl.objective.TokenWeighting;

/**
 * REINFORCE leave-one-out (Ahmadian et al., arXiv 2402.14740), with the clipped sequence ratio of TRL's trainer.
 *
 * <pre>
 * r_i  = clip(r_i) − β Σ_t log(π_old / π_ref)                 at the moment when the samples are learned from first
 * A_i  = r_i − mean of the other rewards of the group
 * R_i  = exp(Σ_t log(π / π_old))                              the ratio of the whole completion's probabilities
 * loss = mean_i −min(R A, clip(R, 1 − ε, 1 + ε_high) A)
 * </pre>
 *
 * <p>With one update per rollout R is exactly 1, and this is REINFORCE over whole completions. Difference to TRL: β is 0 by
 * default, so that no second model is held; TRL's is 0.05.
 */
public record Rloo(
        ClipRange clip,

        @Setting(
                value = "0.0",
                doc = "what a nat of divergence from the initial model costs of a completion's reward (k1); 0 needs no"
                        + " second model")
        double beta,

        @Setting(value = "null", doc = "least and largest reward, [low, high], before that cost; null for no limits")
        Numbers rewardClipRange,

        @Setting(value = "false", doc = "normalise advantages over the whole batch")
        boolean normalizeAdvantages,

        @Setting(value = "1", doc = "optimizer steps per rollout, on equal parts of it")
        int updatesPerRollout,

        RewardMix rewards,
        ReferenceSync reference)
        implements Method {
    /** TRL's clip range, one update. */
    public static final Rloo DEFAULT = ConfigTree.defaults(Rloo.class);

    public Rloo {
        requireAtLeast("beta", 0, beta);
        require(
                rewardClipRange.values().isEmpty()
                        || rewardClipRange.values().size() == 2
                                && rewardClipRange.values().get(0)
                                        <= rewardClipRange.values().get(1),
                "reward_clip_range must be two numbers, the smaller first, or null; got " + rewardClipRange);
        requireAtLeast("updates_per_rollout", 1, updatesPerRollout);
    }

    @Override
    public String name() {
        return "rloo";
    }

    @Override
    public String paper() {
        return "Ahmadian et al., arXiv 2402.14740";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        ShapedRewards shaped = new ShapedRewards(new LeaveOneOut(), rewardClipRange.values(), beta);
        return new Algorithm(
                        name(),
                        normalizeAdvantages ? new BatchNormalized(shaped) : shaped,
                        new ClippedSurrogate(clip.epsilon(), clip.high(), KlPenalty.NONE, RatioLevel.SEQUENCE_SUM),
                        Aggregation.sequenceMeanTokenMean(), // each token has the whole completion's loss
                        updatesPerRollout)
                .with(new Algorithm.Extras(TokenWeighting.NONE, EntropyBonus.NONE, rewards, reference));
    }
}
