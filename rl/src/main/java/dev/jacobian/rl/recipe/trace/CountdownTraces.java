// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.trace;

import dev.jacobian.rl.arithmetic.Operator;
import dev.jacobian.rl.arithmetic.SearchStep;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.tensor.Rng;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Searches for the solution of a Countdown of three numbers that think aloud, written by program: exact, and a pure function of seed and
 * place.
 *
 * <pre>{@code
 * 14 8 15 = 9
 * <think>
 * plan * - +
 * now -
 * 14-8=6:21,9 yes
 * wait check 15-6=9 yes
 * </think>
 * <answer>15-(14-8)</answer>
 * }</pre>
 *
 * <p>A line is a first step and what the third number makes of its result, up to the target, as in {@link
 * dev.jacobian.rl.sft.CountdownDemonstrations}, so that a model which has learned those reads and writes them. Around the lines stand words:
 * a plan, turns to another operator, a verdict behind each line, lines gone through again after {@code wait}, and checks of the answer. Every
 * calculation in a trace is right, also those after {@code wait}: what is taught is the habit of looking again, not errors.
 *
 * @param task three numbers, whole results, targets up to {@value SearchStep#LARGEST}
 * @param style how much it thinks aloud
 */
public record CountdownTraces(Countdown task, TraceStyle style) implements SftDataset {
    private static final long STREAM = 1L << 41; // demonstrations that give up have another

    /** Checks that the task is one that can be searched by hand. */
    public CountdownTraces {
        if (task.minNumbers() != 3 || task.maxNumbers() != 3 || task.maxTarget() > SearchStep.LARGEST) {
            throw new IllegalArgumentException(
                    "traces are written for three numbers and targets up to " + SearchStep.LARGEST + ", not " + task);
        }
    }

    /** Traces for the bundled model's puzzles. */
    public CountdownTraces(TraceStyle style) {
        this(Countdown.small(), style);
    }

    @Override
    public SftExample example(long seed, long index) {
        Problem problem = task.trainProblem(seed, index);
        return new SftExample(problem.prompt(), completion(problem, seed, index));
    }

    /**
     * The trace of a problem.
     *
     * @param problem of {@link Countdown}, with three numbers
     * @param seed with {@code index} the key of all its choices
     */
    public String completion(Problem problem, long seed, long index) {
        return new Writer(problem, new Rng(seed, STREAM + index)).write();
    }

    /** Writes one trace. */
    private final class Writer {
        private final List<SearchStep> steps;
        private final int target;
        private final Rng rng;
        private final Words words;
        private final StringBuilder text = new StringBuilder("<think>\n");

        Writer(Problem problem, Rng rng) {
            this.steps = SearchStep.first(problem.columns().integers("nums"));
            this.target = (int) problem.columns().integer("target");
            this.rng = rng;
            this.words = chance(style.chinese()) ? Words.CHINESE : Words.ENGLISH;
        }

        private boolean chance(double probability) {
            return rng.nextDouble() < probability;
        }

        String write() {
            if (chance(style.planning())) {
                text.append(words.plan()).append(' ').append(order()).append('\n');
            }
            Optional<SearchStep> found = search();
            String answer =
                    found.map(SearchStep::expression).orElseGet(() -> any(steps.get(rng.nextInt(steps.size()))));
            return text + "</think>\n<answer>" + answer + "</answer>";
        }

        /** The operators in the order of the search. */
        private String order() {
            return steps.stream()
                    .map(SearchStep::operator)
                    .distinct()
                    .map(operator -> "" + operator.symbol())
                    .collect(Collectors.joining(" "));
        }

        /** Writes lines until the target is found; what the answer is, unless the search came to its end without. */
        private Optional<SearchStep> search() {
            Optional<Operator> before = Optional.empty();
            for (SearchStep step : steps) {
                boolean turns = before.filter(step.operator()::equals).isEmpty();
                if (turns && chance(style.exploration())) {
                    text.append(words.turn())
                            .append(' ')
                            .append(step.operator().symbol())
                            .append('\n');
                }
                before = Optional.of(step.operator());
                Optional<SearchStep> hit = line(step);
                if (hit.isPresent()) {
                    check(step, hit.get());
                    return hit;
                }
                if (chance(style.reflection())) {
                    text.append(words.again()).append(' ');
                    line(step);
                }
                if (chance(style.giveUp())) {
                    List<SearchStep> ends = step.second();
                    return Optional.of(ends.get(rng.nextInt(ends.size())));
                }
            }
            return Optional.empty();
        }

        /** A first step and what becomes of it; the step that makes the target, if one does. */
        private Optional<SearchStep> line(SearchStep step) {
            text.append(step.expression()).append('=').append(step.value()).append(':');
            List<SearchStep> ends = step.second();
            Optional<SearchStep> hit =
                    ends.stream().filter(end -> end.value() == target).findFirst();
            int shown = hit.map(end -> ends.indexOf(end) + 1).orElse(ends.size());
            text.append(ends.stream().limit(shown).map(end -> "" + end.value()).collect(Collectors.joining(",")));
            if (chance(style.evaluation())) {
                text.append(' ').append(hit.isPresent() ? words.yes() : words.no());
            }
            text.append('\n');
            return hit;
        }

        /** Goes through the answer again: the last step, with the first one's result in it. */
        private void check(SearchStep first, SearchStep last) {
            String whole = last.expression().replace("(" + first.expression() + ")", "" + first.value());
            for (int i = 0; i < style.verbosity(); i++) {
                text.append(words.check()).append(' ').append(whole).append('=').append(last.value());
                text.append(' ').append(words.yes()).append('\n');
            }
        }

        private String any(SearchStep step) {
            List<SearchStep> ends = step.second();
            return ends.get(rng.nextInt(ends.size())).expression();
        }
    }
}
