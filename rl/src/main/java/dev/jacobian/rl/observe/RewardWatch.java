// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import dev.jacobian.rl.advantage.GroupRewards;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Trajectory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;

/**
 * Says, once, that a run learns nothing because its rewards never differ: silence about zeros is the worst of faults, since the
 * run looks well and the model stays what it was.
 *
 * <p>It speaks after the first steps, if in all of them the samples of every prompt earned the same; methods compare the samples
 * of a prompt, so such groups have no gradient.
 */
public final class RewardWatch implements StepObserver {
    /** Steps that are watched, or all of a shorter run. */
    static final int STEPS = 3;

    /** Characters of the example. */
    private static final int EXAMPLE = 80;

    private final Set<Double> rewards = new TreeSet<>();
    private int watched;
    private int samples;
    private int cut;
    private boolean differ;
    private boolean credited; // by a method that does not compare samples
    private String example = "";

    @Override
    public void observe(TrainingStep step, Measurements measured) {
        if (differ || step.number() > STEPS) {
            return;
        }
        for (ScoredGroup group : step.sampled()) {
            watch(group);
        }
        credited |= step.batch().stream().anyMatch(group -> !group.advantages().isZero());
        watched++;
        if (!differ && step.number() == Math.min(STEPS, step.of())) {
            measured.say(message());
        }
    }

    private void watch(ScoredGroup group) {
        differ |= !new GroupRewards(group.rewards(), group.choices()).isDegenerate();
        Arrays.stream(group.rewards()).filter(r -> !Double.isNaN(r)).forEach(rewards::add);
        differ |= group.rewards().length == 1 && rewards.size() > 1; // a single sample is compared with other prompts'
        for (Trajectory sample : group.group().samples()) {
            samples++;
            cut += sample.finish().isCut() ? 1 : 0;
        }
        example = example.isEmpty() ? group.texts().getFirst().strip() : example;
    }

    private String message() {
        String after = "After " + watched + (watched == 1 ? " step" : " steps") + " and " + samples + " completions ";
        List<String> causes = new ArrayList<>();
        String nothing = credited ? ", so rewards tell no sample of a prompt from another" : ", so nothing is learned";
        String what;
        if (rewards.isEmpty()) {
            what = "no completion had a reward: every reward function skipped it, so nothing is learned";
            causes.add("the column that the reward compares with is missing or cannot be read");
        } else if (rewards.size() > 1) {
            what = "the samples of each prompt all earned the same" + nothing;
            causes.add("prompts are either too easy or too hard for this model");
        } else if (rewards.contains(0.0) || rewards.contains(-0.0)) {
            what = "every reward was 0" + nothing;
            causes.add("the model does not answer in the form that the reward reads (a completion: \""
                    + shortened(example) + "\")");
            causes.add("the column with the answer holds something else");
            causes.add("the problems are too hard for this model: try easier ones, or fine-tune it first");
        } else {
            what = "every reward was " + rewards.iterator().next() + nothing;
            causes.add("the problems are too easy for this model");
            causes.add("the reward does not depend on the completion (one: \"" + shortened(example) + "\")");
        }
        if (2 * cut >= samples) {
            causes.addFirst(String.format(
                    Locale.ROOT,
                    "%.0f %% of the completions were cut at max_completion_length, before they could end",
                    100.0 * cut / samples));
        }
        if (rewards.size() != 1 || !rewards.contains(0.0)) {
            causes.add("the samples of a prompt are all alike: raise temperature");
        }
        return after + what + ". Likely causes: " + String.join("; ", causes) + ".";
    }

    private static String shortened(String text) {
        String line = text.replaceAll("\\s+", " ");
        int characters = line.codePointCount(0, line.length());
        return characters <= EXAMPLE ? line : line.substring(0, line.offsetByCodePoints(0, EXAMPLE)) + "…";
    }
}
