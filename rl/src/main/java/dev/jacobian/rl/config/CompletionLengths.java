// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.config;

import static dev.jacobian.rl.config.Checks.require;

import java.util.Map;

/**
 * A limit of completions that grows in the course of a run, as Kimi k1.5 and DeepScaleR train: short answers first, which are cheap, longer ones when
 * the policy has learned to use them.
 *
 * <p>A stage computes what a run does whose {@code max_completion_length} is the stage's: the sampler's limit, and what a method makes of it (the
 * divisor of {@code loss_type=dr_grpo}, DAPO's punishment of what comes near the limit). The limit of a rollout follows from its number alone,
 * so it is the same however far sampling runs ahead. A sample that waits from one rollout to the next goes on under the limit of then. Memory
 * is planned for {@code max_completion_length}, and held-out problems are always answered at that length, so that measurements can be
 * compared.
 */
public record CompletionLengths(
        @Setting(
                value = "null",
                doc = "limits of tokens per completion by the steps made before, such as 0=64,200=128; they grow to"
                        + " max_completion_length; null: that one from the beginning")
        Stages completionLengthSchedule) {
    /** The same limit all the time. */
    public static final CompletionLengths CONSTANT = ConfigTree.defaults(CompletionLengths.class);

    private static final String KEY = "completion_length_schedule";

    public CompletionLengths {
        Map<Integer, Integer> limits = completionLengthSchedule.values();
        int before = 0;
        for (Map.Entry<Integer, Integer> stage : limits.entrySet()) {
            require(
                    stage.getValue() >= 1,
                    KEY + ": a completion's limit must be at least 1, got " + stage.getValue() + " from step "
                            + stage.getKey() + " on");
            require(
                    stage.getValue() > before,
                    KEY + " must grow, but from step " + stage.getKey() + " on the limit is " + stage.getValue()
                            + " after " + before + "; a sample that waits would be longer than it may be");
            before = stage.getValue();
        }
        require(
                limits.isEmpty() || limits.containsKey(0),
                KEY + " must say what holds before the first step: begin with 0=TOKENS");
        require(
                limits.size() != 1,
                KEY + " has one stage alone, which is what max_completion_length says; leave it out");
    }

    /** Whether the limit changes. */
    public boolean isOn() {
        return !completionLengthSchedule.values().isEmpty();
    }

    /** What is sampled after so many steps. */
    public RolloutConfig of(RolloutConfig rollout, int steps) {
        return isOn()
                ? ConfigTree.with(rollout, "max_completion_length", completionLengthSchedule.after(steps))
                : rollout;
    }

    /**
     * Refuses stages that a run does not come to, and limits that are not its own.
     *
     * @param maxSteps steps of the run; -1 for what is not known yet
     */
    public void requireFor(int maxCompletionLength, int maxSteps) {
        if (!isOn()) {
            return;
        }
        int last = completionLengthSchedule.values().lastKey();
        int longest = completionLengthSchedule.last();
        require(
                longest == maxCompletionLength,
                KEY + " grows to " + longest + " tokens, but max_completion_length is " + maxCompletionLength
                        + "; they must be equal: memory is planned for it, and held-out problems are answered with it");
        require(
                maxSteps < 0 || last < maxSteps,
                KEY + " has a stage from step " + last + " on, which a run of max_steps " + maxSteps
                        + " does not come to; leave it out, or train longer");
    }
}
