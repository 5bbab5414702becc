// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

/**
 * What a run would do, on average over the simulated steps.
 *
 * @param model that it was computed from
 * @param stepSeconds from step to step
 * @param samplesPerSecond learned from
 * @param tokensPerSecond of completions
 * @param workerIdle part of the workers' time in which they compute nothing: they wait, receive weights, or are lost
 * @param trainerIdle part of the trainer's time in which it does not learn
 * @param publishSeconds of a step, until the last worker has the weights
 * @param samplingSeconds from then to the last token
 * @param rewardSeconds from then to the last reward
 * @param trainSeconds of a step
 * @param redoneShare tokens that were drawn for nothing, because their worker was lost, for each that counts
 * @param learned steps that were averaged over
 */
public record Prediction(
        LoopModel model,
        double stepSeconds,
        double samplesPerSecond,
        double tokensPerSecond,
        double workerIdle,
        double trainerIdle,
        double publishSeconds,
        double samplingSeconds,
        double rewardSeconds,
        double trainSeconds,
        double redoneShare,
        int learned) {
    /** Optimizer steps, one for each rollout, in an hour. */
    public double stepsPerHour() {
        return 3600 / stepSeconds;
    }

    /** Workers that are lost in an hour, of all. */
    public double lostPerHour() {
        return model.losses().perHour() * model.settings().workers();
    }
}
