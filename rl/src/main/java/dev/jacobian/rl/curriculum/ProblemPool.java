// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.curriculum;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.spill.ListView;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.MemoryPlan;
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

    /** What a problem takes at least: its texts, a map of columns, its place. */
    private static final long PROBLEM_BYTES = 400;

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
        long least = size.orElse(0) * PROBLEM_BYTES;
        long heap = Runtime.getRuntime().maxMemory();
        if (least > heap) {
            throw new IllegalStateException("curriculum_pool=" + size.getAsInt() + " problems take "
                    + MemoryPlan.size(least) + " at least. The heap may grow to " + MemoryPlan.size(heap)
                    + ". What helps: a smaller pool, or a larger heap");
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
            if (column.equals(PASS_RATE) && !(value >= 0 && value <= 1)) {
                throw wrong(problem, column, "a share of tries from 0 to 1");
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
