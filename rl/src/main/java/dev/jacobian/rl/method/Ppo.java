// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.advantage.ActorCritic;
import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.BatchWhitened;
import dev.jacobian.rl.advantage.GeneralizedAdvantage;
import dev.jacobian.rl.advantage.KlTaken;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.ClippedSurrogate;
import dev.jacobian.rl.objective.RatioLevel;

/**
 * Proximal policy optimisation with a value model (Schulman et al., arXiv 1707.06347; for language models Ziegler et al., arXiv
 * 1909.08593), under the names of TRL's settings.
 *
 * <pre>
 * r_t  = −β KL_t, and the reward at the last token            KL_t of the sampled token to the initial model
 * A_t  = Σ_k (γλ)^k (r_{t+k} + γ V_{t+k+1} − V_{t+k})          whitened over the rollout
 * L    = −min(ρ A, clip(ρ, 1 − ε, 1 + ε) A)                   the policy's, mean over tokens
 * L_V  = ½ max((V − R)², (clip(V, V_old ± c) − R)²),  R = A + V_old
 * </pre>
 *
 * <p>num_ppo_epochs times over the rollout, in num_mini_batches equal parts each. Samples of a prompt are not compared: one is enough.
 */
public record Ppo(
        @Setting(value = "4", doc = "passes over a rollout") int numPpoEpochs,

        @Setting(value = "1", doc = "equal parts of a rollout, an optimizer step each")
        int numMiniBatches,

        @Setting(value = "0.2", doc = "how far the ratio may fall below 1 or rise above it")
        double cliprange,

        @Setting(value = "1.0", doc = "what a reward is worth a token earlier")
        double gamma,

        @Setting(value = "0.95", doc = "how far rewards are trusted rather than values")
        double lam,

        @Setting(value = "true", doc = "give the advantages of a rollout's tokens mean 0 and deviation 1")
        boolean whitenAdvantages,

        KlConfig kl,
        ValueConfig value)
        implements Method {
    /** TRL's settings. */
    public static final Ppo DEFAULT = ConfigTree.defaults(Ppo.class);

    public Ppo {
        requireAtLeast("num_ppo_epochs", 1, numPpoEpochs);
        requireAtLeast("num_mini_batches", 1, numMiniBatches);
        require(cliprange >= 0 && cliprange <= 1, "cliprange must lie in [0, 1], got " + cliprange);
        require(gamma >= 0 && gamma <= 1, "gamma must lie in [0, 1], got " + gamma);
        require(lam >= 0 && lam <= 1, "lam must lie in [0, 1], got " + lam);
    }

    @Override
    public String name() {
        return "ppo";
    }

    @Override
    public String paper() {
        return "Schulman et al., arXiv 1707.06347";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        ActorCritic critic = new ActorCritic(new GeneralizedAdvantage(gamma, lam));
        AdvantageEstimator advantages = whitenAdvantages ? new BatchWhitened(critic) : critic;
        return new Algorithm(
                        name(),
                        new KlTaken(advantages, kl.inReward()),
                        new ClippedSurrogate(cliprange, cliprange, kl.inLoss(), RatioLevel.TOKEN),
                        Aggregation.tokenMean(),
                        numMiniBatches)
                .with(Algorithm.Extras.NONE.withEpochs(numPpoEpochs).withCritic(value.critic(critic, kl)));
    }
}
