// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

/**
 * What a run chooses.
 *
 * @param workers that sample
 * @param prompts of a step
 * @param groupSize samples of a prompt
 * @param maxStaleness {@code max_staleness}: rollout b is sampled with the weights after b - 1 - this many; 0 alternates
 * @param slots sequences that a worker decodes at once at most
 * @param rewardConcurrency samples that rewards are asked for at once
 */
public record LoopSettings(
        int workers, int prompts, int groupSize, int maxStaleness, int slots, int rewardConcurrency) {
    /** More would not be a fleet but a mistake. */
    public static final int MOST_WORKERS = 1_000_000;

    private static final long MOST_SAMPLES = 4_000_000;

    public LoopSettings {
        LoopModel.require(
                workers >= 1 && workers <= MOST_WORKERS,
                "workers must lie between 1 and " + MOST_WORKERS + ", found " + workers);
        LoopModel.require(prompts >= 1, "prompts of a step must be 1 or more, found " + prompts);
        LoopModel.require(groupSize >= 1, "samples of a prompt must be 1 or more, found " + groupSize);
        LoopModel.require(
                (long) prompts * groupSize <= MOST_SAMPLES,
                prompts + " prompts with " + groupSize + " samples each are more than the " + MOST_SAMPLES
                        + " samples of a step that are simulated");
        LoopModel.require(
                maxStaleness >= 0 && maxStaleness <= 1000,
                "max_staleness must lie between 0 and 1000, found " + maxStaleness);
        LoopModel.require(slots >= 1, "a worker decodes 1 or more sequences at once, found " + slots);
        LoopModel.require(
                rewardConcurrency >= 1, "rewards are asked for 1 or more at once, found " + rewardConcurrency);
    }

    /** Samples of a step. */
    public int samples() {
        return prompts * groupSize;
    }

    LoopSettings withWorkers(int number) {
        return new LoopSettings(number, prompts, groupSize, maxStaleness, slots, rewardConcurrency);
    }

    LoopSettings withPrompts(int number) {
        return new LoopSettings(workers, number, groupSize, maxStaleness, slots, rewardConcurrency);
    }

    LoopSettings withMaxStaleness(int number) {
        return new LoopSettings(workers, prompts, groupSize, number, slots, rewardConcurrency);
    }

    LoopSettings withRewardConcurrency(int number) {
        return new LoopSettings(workers, prompts, groupSize, maxStaleness, slots, number);
    }
}
