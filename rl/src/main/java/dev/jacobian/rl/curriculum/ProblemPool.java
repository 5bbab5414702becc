// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.curriculum;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/**
 * The problems that a curriculum chooses from, each with its place: a task's list, or so many of those that it makes up. A problem is known by
 * its id; one that comes again has the place that it had.
 */
final class ProblemPool {
    /** Problems of a task that makes them up. */
    static final int MADE_UP = 1024;

    /** The column of measured pass rates, which fall as difficulty rises. */
    static final String PASS_RATE = "pass_rate";

    private final Task task;
    private final List<Problem> problems;
    private final Map<String, Integer> places;

    private ProblemPool(Task task, List<Problem> problems, Map<String, Integer> places) {
        this.task = task;
        this.problems = problems;
        this.places = places;
    }

    /**
     * The pool of a run.
     *
     * @param size how many problems, of a task without a list
     * @throws IllegalArgumentException if the task has a list, and a size is given all the same
     */
    static ProblemPool of(Task task, long seed, OptionalInt size) {
        if (task.trainSize() > 0 && size.isPresent()) {
            throw new IllegalArgumentException(
                    "curriculum_pool is for tasks that make problems up; task '" + task.name() + "' has a list of "
                            + task.trainSize() + ", and the curriculum chooses from all of them");
        }
        Map<String, Integer> places = new HashMap<>();
        if (task.trainSize() > 0) { // a list may be larger than memory
            IntStream.Builder first = IntStream.builder();
            for (int i = 0; i < task.trainSize(); i++) {
                if (places.putIfAbsent(task.trainProblem(seed, i).id(), places.size()) == null) {
                    first.add(i);
                }
            }
            int[] indices = first.build().toArray();
            return new ProblemPool(
                    task, ListView.of(indices.length, place -> task.trainProblem(seed, indices[place])), places);
        }
        List<Problem> problems = new ArrayList<>();
        for (Problem problem : task.trainProblems(seed, 0, size.orElse(MADE_UP))) {
            if (places.putIfAbsent(problem.id(), problems.size()) == null) {
                problems.add(problem);
            }
        }
        return new ProblemPool(task, problems, places);
    }

    int size() {
        return problems.size();
    }

    Problem at(int place) {
        return problems.get(place);
    }

    /** Where a problem is; empty for one that is not of this pool. */
    Optional<Integer> place(Problem problem) {
        return Optional.ofNullable(places.get(problem.id()));
    }

    /**
     * What a column says of each problem's difficulty, [size]: the number in it, or 1 − {@value #PASS_RATE}.
     *
     * @throws FormatException naming the first problem whose column is missing or no number
     */
    double[] difficulties(String column) {
        double[] difficulties = new double[size()];
        for (int i = 0; i < difficulties.length; i++) {
            Problem problem = problems.get(i);
            double value = problem.columns().has(column)
                    ? problem.columns().number(column).map(Number::doubleValue).orElse(Double.NaN)
                    : Double.NaN;
            if (!Double.isFinite(value)) {
                throw wrong(problem, column, "a number that says how hard the problem is");
            }
            difficulties[i] = column.equals(PASS_RATE) ? 1 - value : value;
        }
        return difficulties;
    }

    /**
     * Each problem's tag.
     *
     * @throws FormatException naming the first problem that has none
     */
    List<String> tags(String column) {
        List<String> tags = new ArrayList<>();
        for (Problem problem : problems) {
            Object tag = problem.columns().values().get(column);
            if (!(tag instanceof String) && !(tag instanceof Number)) {
                throw wrong(problem, column, "the problem's tag");
            }
            tags.add(problem.columns().string(column));
        }
        return tags;
    }

    private FormatException wrong(Problem problem, String column, String expected) {
        boolean missing = !problem.columns().has(column);
        return new FormatException(
                task.source(problem),
                missing
                        ? "the column '" + column + "' is missing; there "
                                + (problem.columns().values().isEmpty()
                                        ? "are no columns"
                                        : "are "
                                                + String.join(
                                                        ", ",
                                                        problem.columns()
                                                                .values()
                                                                .keySet()))
                        : "the column '" + column + "' holds "
                                + problem.columns().values().get(column) + ", not " + expected,
                column.equals(PASS_RATE)
                        ? "Measure it with 'jacobian prompts difficulty', or name another difficulty_column"
                        : "Give every row " + expected + " there, or name another column");
    }
}
