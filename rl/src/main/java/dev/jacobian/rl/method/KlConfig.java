// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.TokenKl;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.AdaptiveKl;
import dev.jacobian.rl.objective.KlEstimator;
import dev.jacobian.rl.objective.KlPenalty;
import java.util.Optional;

/** PPO's KL penalty: how much, where, and whether it follows a target. */
public record KlConfig(
        @Setting(value = "0.05", doc = "coefficient of the KL penalty to the initial model; 0 needs no second model")
        double klCoef,

        @Setting(value = "k1", doc = "estimator of that divergence from a sampled token")
        KlEstimator klEstimator,

        @Setting(value = "reward", doc = "where the penalty stands: in every token's reward, or in the loss")
        Place klPlace,

        @Setting(
                value = "0.0",
                doc = "divergence per completion that kl_coef is steered to, in nats; 0 leaves it alone")
        double klTarget,

        @Setting(value = "10000", doc = "samples in which kl_coef may change by a fifth then")
        double klHorizon) {
    /** Where a penalty stands. */
    public enum Place {
        /** In every token's reward. */
        REWARD,
        /** In the loss of every token. */
        LOSS
    }

    public KlConfig {
        requireAtLeast("kl_coef", 0, klCoef);
        requireAtLeast("kl_target", 0, klTarget);
        requirePositive("kl_horizon", klHorizon);
        require(
                klTarget == 0 || klPlace == Place.REWARD && klCoef > 0,
                "kl_target steers a penalty in the reward: set kl_place=reward and kl_coef above 0, or leave kl_target"
                        + " at 0");
        require(
                klPlace == Place.REWARD || klCoef == 0 || klEstimator != KlEstimator.K1,
                "kl_estimator k1 has no gradient in the mean: with kl_place=loss use k2 or k3");
        require(
                klPlace == Place.LOSS
                        || klCoef == 0
                        || klEstimator != KlEstimator.K1_PLUS && klEstimator != KlEstimator.K3_PLUS,
                "kl_estimator k1+ and k3+ are k1 and k3 with another gradient, and a reward has none: with"
                        + " kl_place=reward use k1 or k3");
    }

    /** The penalty in the reward, at first. */
    TokenKl inReward() {
        return klPlace == Place.REWARD ? new TokenKl(klCoef, klEstimator) : TokenKl.NONE;
    }

    /** The penalty in the loss. */
    KlPenalty inLoss() {
        return klPlace == Place.LOSS ? new KlPenalty(klCoef, klEstimator) : KlPenalty.NONE;
    }

    /** What steers the coefficient. */
    Optional<AdaptiveKl> control() {
        return klTarget == 0 ? Optional.empty() : Optional.of(new AdaptiveKl(klTarget, klHorizon));
    }
}
