// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Says after the very first step what cannot be right about it, with the setting to change: every completion was cut at its limit,
 * every reward was the same, or the gradient was 0 although rewards differ.
 *
 * <p>A few prompts may all be too easy or too hard by chance, so this is a remark; what lasts, {@link RewardWatch} explains.
 */
public final class FirstStepWatch implements StepObserver {
    @Override
    public void observe(TrainingStep step, Measurements measured) {
        if (step.number() != 1) {
            return;
        }
        List<ScoredGroup> groups = step.sampled();
        int samples = groups.stream().mapToInt(group -> group.group().size()).sum();
        long cut = groups.stream()
                .flatMap(group -> group.group().samples().stream())
                .filter(sample -> sample.finish() == FinishReason.LENGTH)
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
        double gradient = step.updates().getFirst().update().gradientNorm();
        if (samples > 1 && rewards.length == 1) {
            measured.say(String.format(
                    Locale.ROOT,
                    "First step: all %d completions earned the same reward, %s%s. If that lasts, look at the reward,"
                            + " take easier or harder problems, or raise num_generations or temperature.",
                    samples,
                    rewards[0],
                    gradient == 0 ? ", and the policy's gradient is 0" : ""));
        } else if (rewards.length > 1 && gradient == 0) {
            measured.say(
                    "First step: rewards differ, but the policy's gradient is 0, so nothing was learned. Either they"
                        + " differ between prompts alone (raise num_generations or temperature), or every sample that"
                        + " teaches is left out (mask_truncated_completions, off_policy_mask_threshold, clip"
                        + " ranges).");
        }
    }
}
