// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.config.ReferenceSync;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.objective.Aggregation;
import dev.jacobian.rl.objective.EntropyBonus;
import dev.jacobian.rl.objective.PolicyObjective;
import dev.jacobian.rl.objective.SamplingCorrection;
import dev.jacobian.rl.objective.TokenWeighting;
import dev.jacobian.rl.rollout.ExtraSamples;
import java.util.Optional;

/**
 * A policy-optimisation method as the few choices in which the family differs. {@link Grpo}, {@link Opo}, {@link Omd} and
 * their like make such values from their settings; a value made by hand is a method of one's own.
 *
 * @param name short name
 * @param advantages how rewards become advantages within a group
 * @param objective loss of a token or sequence, with its gradient
 * @param aggregation how token losses become one number
 * @param updatesPerRollout optimizer steps per batch of samples: the batch is cut into so many parts, one step each
 * @param strictlyOnPolicy whether samples must come from exactly the weights that are updated (checked bit for bit)
 * @param resetsOptimizer whether the optimizer forgets its moments whenever new samples are drawn
 * @param extras what few methods have
 */
public record Algorithm(
        String name,
        AdvantageEstimator advantages,
        PolicyObjective objective,
        Aggregation aggregation,
        int updatesPerRollout,
        boolean strictlyOnPolicy,
        boolean resetsOptimizer,
        Extras extras)
        implements Method {
    /**
     * What few methods have.
     *
     * @param weighting constant factors of tokens' policy losses: corrections of foreign samples, filters
     * @param entropyBonus what undecided policies earn
     * @param rewards weights of reward functions, and which samples teach
     * @param reference whether the reference policy follows
     * @param correction of foreign samples, which metrics tell of; where it acts the factors or the objective have it
     * @param epochs how often a rollout is learned from
     * @param critic what a method with a value model chooses beside
     * @param samples samples that are scored and compared with, but not learned from
     */
    public record Extras(
            TokenWeighting weighting,
            EntropyBonus entropyBonus,
            RewardMix rewards,
            ReferenceSync reference,
            Optional<SamplingCorrection> correction,
            int epochs,
            Optional<CriticChoice> critic,
            Optional<ExtraSamples> samples) {
        /** Where nobody corrects foreign samples, with one pass over each rollout, neither a value model nor samples beside. */
        public Extras(TokenWeighting weighting, EntropyBonus entropyBonus, RewardMix rewards, ReferenceSync reference) {
            this(weighting, entropyBonus, rewards, reference, Optional.empty());
        }

        /** One pass over each rollout, neither a value model nor samples beside. */
        public Extras(
                TokenWeighting weighting,
                EntropyBonus entropyBonus,
                RewardMix rewards,
                ReferenceSync reference,
                Optional<SamplingCorrection> correction) {
            this(weighting, entropyBonus, rewards, reference, correction, 1, Optional.empty(), Optional.empty());
        }

        /** None of it. */
        public static final Extras NONE =
                new Extras(TokenWeighting.NONE, EntropyBonus.NONE, RewardMix.NONE, ReferenceSync.FROZEN);

        /** The same with other factors. */
        public Extras withWeighting(TokenWeighting other) {
            return new Extras(other, entropyBonus, rewards, reference, correction, epochs, critic, samples);
        }

        /** The same with another bonus. */
        public Extras withEntropyBonus(EntropyBonus other) {
            return new Extras(weighting, other, rewards, reference, correction, epochs, critic, samples);
        }

        /** The same going over each rollout several times. */
        public Extras withEpochs(int times) {
            return new Extras(weighting, entropyBonus, rewards, reference, correction, times, critic, samples);
        }

        /** The same with a value model. */
        public Extras withCritic(CriticChoice choice) {
            return new Extras(
                    weighting, entropyBonus, rewards, reference, correction, epochs, Optional.of(choice), samples);
        }

        /** The same with samples to compare with. */
        public Extras withSamples(ExtraSamples beside) {
            return new Extras(
                    weighting, entropyBonus, rewards, reference, correction, epochs, critic, Optional.of(beside));
        }
    }

    public Algorithm {
        if (updatesPerRollout < 1) {
            throw new IllegalArgumentException("updates_per_rollout must be at least 1, got " + updatesPerRollout);
        }
        if (strictlyOnPolicy && updatesPerRollout != 1) {
            throw new IllegalArgumentException(
                    name + " is strictly on-policy: one update per rollout, not " + updatesPerRollout);
        }
        if (!objective.usesOldLogProbs() && updatesPerRollout != 1) {
            throw new IllegalArgumentException(
                    "the objective of " + name + " ignores what policy sampled, which is right"
                            + " for one update per rollout, not " + updatesPerRollout);
        }
    }

    /** Without what few methods have. */
    public Algorithm(
            String name,
            AdvantageEstimator advantages,
            PolicyObjective objective,
            Aggregation aggregation,
            int updatesPerRollout,
            boolean strictlyOnPolicy,
            boolean resetsOptimizer) {
        this(
                name,
                advantages,
                objective,
                aggregation,
                updatesPerRollout,
                strictlyOnPolicy,
                resetsOptimizer,
                Extras.NONE);
    }

    /** With any number of updates per rollout and an optimizer that remembers, as most are. */
    public Algorithm(
            String name,
            AdvantageEstimator advantages,
            PolicyObjective objective,
            Aggregation aggregation,
            int updatesPerRollout) {
        this(name, advantages, objective, aggregation, updatesPerRollout, false, false);
    }

    /** The same with what few methods have. */
    public Algorithm with(Extras others) {
        return new Algorithm(
                name, advantages, objective, aggregation, updatesPerRollout, strictlyOnPolicy, resetsOptimizer, others);
    }

    /** Constant factors of tokens' policy losses. */
    public TokenWeighting weighting() {
        return extras.weighting;
    }

    /** What a method with a value model chooses beside. */
    public Optional<CriticChoice> critic() {
        return extras.critic;
    }

    /** Samples that are scored and compared with, but not learned from. */
    public Optional<ExtraSamples> extraSamples() {
        return extras.samples;
    }

    /** What undecided policies earn. */
    public EntropyBonus entropyBonus() {
        return extras.entropyBonus;
    }

    /** Whether the difference between a foreign sampler's log-probabilities and this engine's enters the loss. */
    public boolean correctsSampler() {
        return weighting().readsRollout() || objective.readsRollout();
    }

    /** Why samples of older weights must not be learned from, and what helps; empty if they may. */
    public Optional<String> refusesOlderSamples() {
        if (strictlyOnPolicy) {
            return Optional.of(name + " is strictly on-policy; take a method with a ratio (grpo), or set"
                    + " strict_on_policy=false to learn from them all the same");
        }
        if (extraSamples().isPresent()) {
            return Optional.of(name + " compares samples with others that are drawn beside them, by the weights of that"
                    + " moment; take another method");
        }
        return Optional.empty();
    }

    /** How a rollout becomes optimizer steps. */
    public StepPlan plan(RolloutConfig rollout) {
        return rollout.plan(updatesPerRollout).times(extras.epochs);
    }

    /** Whether a reference policy has a say in losses or advantages. */
    public boolean needsReference() {
        return objective.needsReference()
                || advantages.needsReference()
                || extraSamples().map(ExtraSamples::needsReference).orElse(false);
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return this;
    }
}
