// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Says after the very first step what cannot be right about it, with the setting to change: every completion was cut at its limit,
 * none had a reward or all had the same, or the gradient was 0 although rewards differ.
 *
 * <p>A few prompts may all be too easy or too hard by chance, so this is a remark; what lasts, {@link RewardWatch} explains.
 */
public final class FirstStepWatch implements StepObserver {
    private final int steps;
    private List<ScoredGroup> groups = List.of();
    private double
            gradient; // the largest of those on the first rollout: an optimizer step may see a part of it that teaches
    // nothing

    /** @param steps of the run that the first rollout is learned from in */
    public FirstStepWatch(int steps) {
        this.steps = steps;
    }

    @Override
    public void observe(TrainingStep step, Measurements measured) {
        groups = step.number() == 1 ? step.sampled() : groups;
        step.updates()
                .forEach(learned ->
                        gradient = Math.max(gradient, learned.update().gradientNorm()));
        if (step.number() == Math.min(steps, step.of())) {
            say(measured);
            groups = List.of();
        }
    }

    private void say(Measurements measured) {
        int samples = groups.stream().mapToInt(group -> group.group().size()).sum();
        long cut = groups.stream()
                .flatMap(group -> group.group().samples().stream())
                .filter(sample -> sample.finish().isCut())
                .count();
        if (samples > 0 && cut == samples) {
            measured.say("First step: all " + samples + " completions were cut at max_completion_length before they"
                    + " ended, so the end is never learned and a reward that waits for it sees none. Raise"
                    + " max_completion_length, or ask for shorter answers.");
        }
        double[] rewards = groups.stream()
                .flatMapToDouble(group -> Arrays.stream(group.rewards()))
                .filter(reward -> !Double.isNaN(reward))
                .distinct()
                .toArray();
        if (samples > 0 && rewards.length == 0) {
            measured.say(
                    "First step: no completion has a reward, because every reward function skipped it, so nothing can"
                            + " be learned. Look at the column of the data that the reward reads.");
        } else if (samples > 1 && rewards.length == 1) {
            measured.say(String.format(
                    Locale.ROOT,
                    "First step: all %d completions earned the same reward, %s%s. If that lasts, look at the reward,"
                            + " take easier or harder problems, or raise num_generations or temperature.",
                    samples,
                    rewards[0],
                    gradient == 0 ? ", and the policy's gradient is 0" : ""));
        } else if (rewards.length > 1 && gradient == 0) {
            measured.say(
                    "First step: rewards differ, but the policy's gradient is 0, so nothing was learned. " + why());
        }
    }

    /** Where rewards differ, and so what to change. */
    private String why() {
        if (groups.stream().anyMatch(group -> differ(group.rewards()))) {
            return "They differ between samples of one prompt, so all samples that would teach are left out"
                    + " (reward_threshold, mask_truncated_completions, off_policy_mask_threshold, clip ranges).";
        }
        return groups.stream().anyMatch(group -> group.extra().length > 0)
                ? "Every sample earned what the one that it is compared with earned: raise temperature or"
                        + " num_generations, or take problems that the model solves some of the time."
                : "They differ between prompts alone, and samples of one prompt are compared: raise num_generations or"
                        + " temperature.";
    }

    private static boolean differ(double[] rewards) {
        return Arrays.stream(rewards)
                        .filter(reward -> !Double.isNaN(reward))
                        .distinct()
                        .count()
                > 1;
    }
}
