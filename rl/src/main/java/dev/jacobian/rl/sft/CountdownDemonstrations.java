// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import dev.jacobian.rl.arithmetic.SearchStep;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.tensor.Rng;
import java.util.List;
import java.util.Optional;

/**
 * Demonstrations of a searcher that gives up too early: what a small base model imitates before reinforcement learning.
 *
 * <p>For a problem of three numbers a demonstration tries first steps in a fixed order, one a line, and lists what the third
 * number makes of each result:
 *
 * <pre>{@code
 * 3 7 15 = 36
 * <think>
 * 7+3=10:25,5
 * 7-3=4:19,11,60
 * 7*3=21:36
 * </think>
 * <answer>(7*3)+15</answer>
 * }</pre>
 *
 * <p>A line ends at the target, and the answer follows. After a line without it the searcher gives up with a fixed
 * probability and answers with something that the line makes, which is wrong. So the imitator knows how to search and how
 * to answer but has the habit of stopping early, and that is what rewards can change: it learns to go on, and its responses
 * grow longer.
 *
 * @param task three numbers, whole results
 * @param giveUp probability of giving up after a line that does not reach the target
 */
public record CountdownDemonstrations(Countdown task, double giveUp) implements SftDataset {
    private static final long STREAM = 1L << 40;

    public CountdownDemonstrations {
        if (task.minNumbers() != 3 || task.maxNumbers() != 3 || task.maxTarget() > SearchStep.LARGEST) {
            throw new IllegalArgumentException("demonstrations are written for three numbers and targets up to "
                    + SearchStep.LARGEST + ", not " + task);
        }
        if (!(giveUp >= 0 && giveUp <= 1)) {
            throw new IllegalArgumentException("the probability of giving up must lie in [0, 1], got " + giveUp);
        }
    }

    @Override
    public SftExample example(long seed, long index) {
        Problem problem = task.trainProblem(seed, index);
        List<Long> numbers = problem.columns().integers("nums");
        int target = (int) problem.columns().integer("target");
        Rng rng = new Rng(seed, STREAM + index);
        List<SearchStep> steps = SearchStep.first(numbers);
        StringBuilder text = new StringBuilder("<think>\n");
        Optional<String> answer = Optional.empty();
        for (int i = 0; i < steps.size() && answer.isEmpty(); i++) {
            answer = line(steps.get(i), target, text);
            if (answer.isEmpty() && rng.nextDouble() < giveUp) {
                answer = Optional.of(guess(steps.get(i), rng));
            }
        }
        // a search that has found nothing to the end guesses anything
        String last = answer.orElseGet(() -> guess(steps.get(rng.nextInt(steps.size())), rng));
        return new SftExample(problem.prompt(), text + "</think>\n<answer>" + last + "</answer>");
    }

    /** Writes a line; the answer, if the line reaches the target. */
    private static Optional<String> line(SearchStep step, int target, StringBuilder text) {
        text.append(step.expression()).append('=').append(step.value()).append(':');
        String separator = "";
        for (SearchStep last : step.second()) {
            text.append(separator).append(last.value());
            separator = ",";
            if (last.value() == target) {
                text.append('\n');
                return Optional.of(last.expression());
            }
        }
        text.append('\n');
        return Optional.empty();
    }

    /** Something that can be made of a first step. */
    private static String guess(SearchStep step, Rng rng) {
        List<SearchStep> last = step.second();
        return last.get(rng.nextInt(last.size())).expression();
    }
}
