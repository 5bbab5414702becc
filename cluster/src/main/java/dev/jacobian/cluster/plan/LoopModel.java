// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

/**
 * All that a plan goes by.
 *
 * @param settings what the run chooses
 * @param times what work takes
 * @param publishing how weights come to the workers
 * @param losses how workers are lost
 * @param promptTokens of each prompt
 * @param completion tokens of a completion
 */
public record LoopModel(
        LoopSettings settings,
        LoopTimes times,
        Publishing publishing,
        Losses losses,
        int promptTokens,
        Amount completion) {
    public LoopModel {
        require(promptTokens >= 1, "a prompt has 1 or more tokens, found " + promptTokens);
        require(
                completion.mean() >= 1 && completion.most() >= 1,
                "completions have 1 or more tokens, found a mean of " + completion.mean() + " and at most "
                        + completion.most());
        require(completion.mean() <= 1e8, "completions of " + completion.mean() + " tokens are not simulated");
    }

    static void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new IllegalArgumentException(otherwise);
        }
    }

    /** The same with other settings. */
    public LoopModel with(LoopSettings other) {
        return new LoopModel(other, times, publishing, losses, promptTokens, completion);
    }

    /** The same with other times. */
    public LoopModel with(LoopTimes other) {
        return new LoopModel(settings, other, publishing, losses, promptTokens, completion);
    }

    /** The same with weights sent another way. */
    public LoopModel with(Publishing other) {
        return new LoopModel(settings, times, other, losses, promptTokens, completion);
    }

    /** The same with other losses. */
    public LoopModel with(Losses other) {
        return new LoopModel(settings, times, publishing, other, promptTokens, completion);
    }

    /** The same with so many workers. */
    public LoopModel withWorkers(int workers) {
        return with(settings.withWorkers(workers));
    }

    /** The same with another {@code max_staleness}. */
    public LoopModel withMaxStaleness(int staleness) {
        return with(settings.withMaxStaleness(staleness));
    }
}
