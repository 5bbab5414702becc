// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.curriculum;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.CurriculumConfig;
import dev.jacobian.rl.config.CurriculumConfig.Kind;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.rollout.Curriculum;
import dev.jacobian.rl.task.Task;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Makes the curriculum that a configuration asks for. */
public final class Curricula {
    private static final double START = 0.1;
    private static final double FLOOR = 0.05;
    private static final double DECAY = 0.5;

    private Curricula() {}

    /**
     * A curriculum over a task's problems.
     *
     * @param steps of the run
     * @param plan makes rollouts of steps
     * @param groups that a rollout asks for, if it throws none away
     * @throws IllegalArgumentException if the task has nothing that the curriculum could go by
     * @throws dev.jacobian.io.FormatException if a column is missing, with the problem that lacks it
     */
    public static Curriculum of(CurriculumConfig config, Task task, long seed, int steps, StepPlan plan, int groups) {
        Kind kind = config.curriculum();
        if (kind == Kind.IN_ORDER) {
            return Curriculum.inOrder(task, seed);
        }
        Set<Kind> bySuccess = EnumSet.of(Kind.PRIORITIZED, Kind.INVERSE_SUCCESS, Kind.UNIFORM_THEN_HARD);
        boolean measured = config.difficultyColumn().equals(ProblemPool.PASS_RATE);
        require(
                !Double.isNaN(task.solvedThreshold())
                        || !bySuccess.contains(kind)
                        || kind == Kind.UNIFORM_THEN_HARD
                                && !config.difficultyColumn().isEmpty(),
                "curriculum=" + kind.name().toLowerCase(java.util.Locale.ROOT)
                        + " goes by how often a problem is solved, but the rewards of task '" + task.name()
                        + "' compare samples, so that none solves anything by itself; name a difficulty_column, or"
                        + " take curriculum=uniform");
        ProblemPool pool = ProblemPool.of(task, seed, config.curriculumPool());
        Optional<double[]> difficulties = Optional.of(config.difficultyColumn())
                .filter(column -> !column.isEmpty())
                .map(pool::difficulties);
        Optional<List<String>> tags = Optional.of(config.mixtureColumn())
                .filter(column -> !column.isEmpty())
                .map(pool::tags);
        double[] before = measured
                ? Arrays.stream(difficulties.orElseThrow()).map(d -> 1 - d).toArray()
                : new double[pool.size()];
        int warmup = config.curriculumSteps().orElse(Math.max(1, steps / 2));
        require(
                kind != Kind.UNIFORM_THEN_HARD || warmup < steps,
                "curriculum_steps (" + warmup + ") is not below max_steps (" + steps + "), so the run would end before"
                        + " hard problems are drawn alone; lower it, or take curriculum=uniform");
        long draws = (long) plan.rollouts(warmup) * groups;
        Sampler sampler = switch (kind) {
            case IN_ORDER -> throw new AssertionError();
            case UNIFORM -> Samplers.uniform(pool.size(), seed);
            case EASY_TO_HARD ->
                Samplers.easyToHard(
                        difficulties.orElseThrow(), config.curriculumStart().orElse(START), draws, seed);
            case UNIFORM_THEN_HARD -> {
                double threshold = config.curriculumThreshold().orElseThrow();
                difficulties.ifPresent(all -> requireSomeHard(all, threshold));
                yield Samplers.uniformThenHard(pool.size(), difficulties, threshold, draws, seed);
            }
            case PRIORITIZED -> Samplers.prioritized(pool.size(), seed);
            case INVERSE_SUCCESS ->
                Samplers.inverseSuccess(pool.size(), config.curriculumFloor().orElse(FLOOR), seed);
            case MIXTURE -> mixture(config, tags.orElseThrow(), seed);
        };
        SuccessRates rates = new SuccessRates(before, config.successDecay().orElse(DECAY));
        return new SampledCurriculum(pool, sampler, rates, difficulties, tags);
    }

    private static void requireSomeHard(double[] difficulties, double threshold) {
        double hardest = Arrays.stream(difficulties).max().orElse(0);
        require(
                hardest >= threshold,
                "curriculum_threshold is " + threshold + ", but the hardest problem has the difficulty " + hardest
                        + ", so no problem would be left after the warm-up; lower it");
        double easiest = Arrays.stream(difficulties).min().orElse(0);
        require(
                easiest < threshold,
                "curriculum_threshold is " + threshold + ", but the easiest problem has the difficulty " + easiest
                        + ", so all would be hard; raise it, or take curriculum=uniform");
    }

    private static Sampler mixture(CurriculumConfig config, List<String> tags, long seed) {
        Set<String> known = new TreeSet<>(tags);
        List<String> named =
                config.mixtureWeights().values().keySet().stream().sorted().toList();
        for (String tag : named) {
            require(
                    known.contains(tag),
                    "mixture_weights names the tag '" + tag + "', which no problem has in '" + config.mixtureColumn()
                            + "'; there are " + String.join(", ", known));
        }
        for (String tag : known) {
            require(
                    named.contains(tag),
                    "mixture_weights says nothing of the tag '" + tag + "'; give it a share, 0 to leave it out");
        }
        List<int[]> members = new ArrayList<>();
        for (String tag : named) {
            members.add(IntStream.range(0, tags.size())
                    .filter(place -> tags.get(place).equals(tag))
                    .toArray());
        }
        double[] weights = named.stream()
                .mapToDouble(tag -> config.mixtureWeights().number("mixture_weights", tag, 0))
                .toArray();
        return Samplers.mixture(members, weights, seed);
    }
}
