// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

/**
 * How a rollout becomes optimizer steps, in one form for two ways to say it.
 *
 * <p>Ours: {@code prompts_per_step} groups are sampled, and cut into {@code updates_per_rollout} equal parts of whole groups, a step each.
 * A run's steps are rollouts, and the loss is divided by what is in an optimizer step.
 *
 * <p>TRL's, wherever {@code per_device_train_batch_size} is given: a generation batch is {@code steps_per_generation} micro-batches of so many
 * samples; it is gone through {@code num_iterations} times; {@code gradient_accumulation_steps} micro-batches make an optimizer step. A
 * run's steps are optimizer steps, and what divides by tokens divides by a step's share of the generation batch's.
 *
 * @param prompts groups of a generation batch
 * @param generations generation batches that are sampled at once, because an optimizer step takes in more than one
 * @param microBatches micro-batches of a generation batch
 * @param iterations how often each is learned from
 * @param accumulation micro-batches of an optimizer step
 * @param trl whether it is said in TRL's way
 */
public record StepPlan(int prompts, int generations, int microBatches, int iterations, int accumulation, boolean trl) {
    /** The same, each rollout learned from so many times as often. */
    public StepPlan times(int epochs) {
        return new StepPlan(
                prompts,
                generations,
                microBatches,
                (int) Math.min((long) iterations * epochs, Integer.MAX_VALUE),
                accumulation,
                trl);
    }

    /** Groups that are sampled at once. */
    public int groups() {
        return prompts * generations;
    }

    /**
     * Steps of a run for each pass through problems that fill so many rollouts' worth of prompts: in TRL's terms optimizer steps, at least
     * one, otherwise rollouts.
     */
    public long stepsOfEpoch(int rollouts) {
        return trl ? Math.max(1, Math.ceilDiv((long) rollouts * microBatches * iterations, accumulation)) : rollouts;
    }

    /** Rollouts that so many steps of a run learn from; the last perhaps in part. */
    public int rollouts(int steps) {
        return trl ? Math.ceilDiv(steps, updates()) : steps;
    }

    /** Steps of a run before the first that learns from a rollout, counted from 1. */
    public int stepsBefore(int rollout) {
        return (rollout - 1) * (trl ? updates() : 1);
    }

    /** Steps of a run that has learned from so many rollouts. */
    public int steps(int rollouts, int maxSteps) {
        return (int) Math.min((long) rollouts * (trl ? updates() : 1), maxSteps);
    }

    /** Groups that a run with this {@code max_steps} samples. */
    public int groups(int maxSteps) {
        return rollouts(maxSteps) * groups();
    }

    /** The most {@code max_steps} for which so many groups are enough. */
    public int steps(int groups) {
        return groups / groups() * (trl ? updates() : 1);
    }

    /** Whether the optimizer steps of a run whose {@code max_steps} is this, and the groups that it samples, can be counted. */
    public boolean isCountable(int maxSteps) {
        double passes =
                (double) generations * microBatches * iterations; // products of large settings may exceed a long
        double rollouts = trl ? Math.ceil(maxSteps / Math.max(1, passes / accumulation)) : maxSteps;
        double steps = trl ? maxSteps : maxSteps * passes / accumulation;
        return passes <= Integer.MAX_VALUE
                && steps <= Integer.MAX_VALUE
                && rollouts * prompts * generations <= Integer.MAX_VALUE;
    }

    /** Optimizer steps on what is sampled at once. */
    public int updates() {
        return generations * microBatches * iterations / accumulation;
    }

    /** Optimizer steps of a run whose {@code max_steps} is this. */
    public int updates(int maxSteps) {
        return trl ? maxSteps : maxSteps * updates();
    }
}
