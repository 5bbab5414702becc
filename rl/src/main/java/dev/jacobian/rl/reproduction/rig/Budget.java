// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import dev.jacobian.rl.RlConfig;

/**
 * What an arm of an experiment may spend: the same for all arms, so that they are compared at equal samples.
 *
 * @param steps rollouts
 * @param prompts of a rollout
 * @param samples of a prompt
 * @param learningRate constant
 * @param problems held-out problems of a measurement
 * @param tries samples of each of them
 */
public record Budget(int steps, int prompts, int samples, double learningRate, int problems, int tries) {
    /** Longest completion: a dozen terms in three passes fit. */
    public static final int LONGEST = 48;

    /** 30 rollouts of 16 prompts with 8 samples; 200 held-out problems, 8 times. At a rate of 3e-4 all arms were at their end after 8. */
    public static final Budget USUAL = new Budget(30, 16, 8, 1e-4, 200, 8);

    /**
     * The same samples for arms that make {@value #UPDATES} optimizer steps from a rollout, each half as far. With one step the policy is the one
     * that sampled when its only gradient is taken, so that mirror descent's anchor, whose slope is nothing there, would do nothing.
     */
    public static final Budget SEVERAL = USUAL.learningRate(5e-5);

    /** Optimizer steps from a rollout where there are several. */
    public static final int UPDATES = 4;

    /** For seconds. */
    public static final Budget QUICK = new Budget(3, 4, 4, 3e-4, 8, 4);

    /** As a configuration, to which an arm adds its method. */
    public RlConfig.Builder config(long seed) {
        return RlConfig.builder()
                .seed(seed)
                .maxSteps(steps)
                .promptsPerStep(prompts)
                .numGenerations(samples)
                .maxCompletionLength(LONGEST)
                .learningRate(learningRate)
                .evalSteps(0)
                .evalProblems(problems)
                .finalEvalProblems(Math.min(problems, 32)) // measured better by whoever compares arms
                .logCompletions(0);
    }

    /** The same with other steps. */
    public Budget steps(int other) {
        return new Budget(other, prompts, samples, learningRate, problems, tries);
    }

    /** The same with other samples of each held-out problem. */
    public Budget tries(int other) {
        return new Budget(steps, prompts, samples, learningRate, problems, other);
    }

    /** The same with another learning rate. */
    public Budget learningRate(double other) {
        return new Budget(steps, prompts, samples, other, problems, tries);
    }
}
