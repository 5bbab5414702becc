// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.reward.WeightedRewards;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.LongStream;

/**
 * A source of problems together with their reward.
 *
 * <p>Training problems and evaluation problems are disjoint by construction. Implementations are immutable and may be
 * used by several threads.
 */
public interface Task {

    /** A short name for metrics and files. */
    String name();

    /**
     * One training problem: a pure function of its arguments.
     *
     * @param seed the run's seed
     * @param index from 0; the stream does not end, and problems may come again
     */
    Problem trainProblem(long seed, long index);

    /** The training problems {@code first .. first + count - 1}. */
    default List<Problem> trainProblems(long seed, long first, int count) {
        return LongStream.range(first, first + count)
                .mapToObj(index -> trainProblem(seed, index))
                .toList();
    }

    /**
     * The first {@code count} problems of the evaluation set, all different. They do not depend on a seed, so that runs
     * can be compared.
     *
     * @throws IllegalArgumentException if the evaluation set is smaller; the message has its size
     */
    List<Problem> evalProblems(int count);

    /** How many evaluation problems there are; {@link Integer#MAX_VALUE} for more than anybody asks for, or if that is not known. */
    default int evalSize() {
        return Integer.MAX_VALUE;
    }

    /** How many training problems a task has that has a list of them, the length of an epoch; 0 for a task that makes its problems up. */
    default int trainSize() {
        return 0;
    }

    /**
     * All problems of a task that has a list of them, so that they can be checked before a run begins; empty for a task that
     * makes its problems up.
     */
    default List<Problem> allProblems() {
        return List.of();
    }

    /** Where a problem comes from, in words for an error message: file and row, if there is a file. */
    default String source(Problem problem) {
        return "problem '" + problem.id() + "' of task '" + name() + "'";
    }

    /**
     * For a task whose samples were recorded: the tokens of its longest prompt. Such a task is not sampled, and has no held-out problems to measure.
     */
    default OptionalInt recordedPromptTokens() {
        return OptionalInt.empty();
    }

    /** What the policy talks with; empty where it answers a problem in one turn. */
    default Optional<Environment> environment() {
        return Optional.empty();
    }

    /** What a completion earns in training. */
    WeightedRewards rewards();

    /**
     * The total reward from which on a completion counts as solving its problem: what pass@k counts. A partial reward
     * (for the right format, say) lies below. NaN where rewards compare samples, so that none solves anything by itself, and pass@1 is not
     * measured.
     */
    default double solvedThreshold() {
        return 1;
    }

    /** The answer in a completion, in the form that a majority vote compares; empty if there is none. */
    default Optional<String> answer(String completion) {
        return completion.isBlank() ? Optional.empty() : Optional.of(completion.strip());
    }
}
