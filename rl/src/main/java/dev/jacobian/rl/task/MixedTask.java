// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.WeightedRewards;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Problems of several tasks, drawn at random by weight, each scored by the rewards of its own task. A problem's column {@value #COLUMN} says whose
 * it is; its id has the task's name before it. Held-out problems come in the same shares.
 */
public final class MixedTask implements Task {
    /** The column that names a problem's task. */
    public static final String COLUMN = "task";

    private static final double ROUNDING = 1e-6;

    /** Keeps whose turn it is apart from what problems draw by the same seed. */
    private static final long OWN = 0x6D69_7874_7572_65L;

    private final List<Part> parts;
    private final double[] weights;
    private final WeightedRewards rewards;
    private volatile Seeded turns;

    /**
     * A task of a mixture.
     *
     * @param name names it in the column and in messages
     * @param weight share of the problems, from 0 on
     */
    public record Part(String name, double weight, Task task) {}

    /** Turns of a seed; kept because neighbours are asked for one after the other. */
    private record Seeded(long seed, Turns turns) {}

    /**
     * A mixture.
     *
     * @throws IllegalArgumentException if weights are negative or do not add up to 1, names are equal, or tasks cannot be mixed: with an
     *     environment, with rewards that compare samples, with other thresholds of solving
     */
    public MixedTask(List<Part> parts) {
        this.parts = List.copyOf(parts);
        require(!parts.isEmpty(), "a mixture needs at least one task");
        double sum = 0;
        Set<String> names = new HashSet<>();
        for (Part part : parts) {
            require(
                    part.weight() >= 0 && Double.isFinite(part.weight()),
                    "the weight of task '" + part.name() + "' must not be negative, got " + part.weight());
            require(names.add(part.name()), "task '" + part.name() + "' is in the mixture twice");
            require(
                    part.task().environment().isEmpty(),
                    "task '" + part.name() + "' is played in an environment, which others in a mixture have not");
            require(
                    part.task().solvedThreshold() == parts.getFirst().task().solvedThreshold(),
                    "task '" + part.name() + "' is solved from a reward of "
                            + part.task().solvedThreshold() + " on, '"
                            + parts.getFirst().name() + "' from "
                            + parts.getFirst().task().solvedThreshold() + "; a mixture has one threshold");
            sum += part.weight();
        }
        require(
                Math.abs(sum - 1) < ROUNDING,
                "the weights of a mixture of tasks must add up to 1, but "
                        + parts.stream()
                                .map(part -> part.name() + ":" + part.weight())
                                .collect(Collectors.joining(", "))
                        + " make " + sum);
        this.weights = parts.stream().mapToDouble(Part::weight).toArray();
        this.rewards = rewards(this.parts);
        this.turns = new Seeded(0, new Turns(weights, 0));
    }

    private static WeightedRewards rewards(List<Part> parts) {
        List<WeightedRewards.Weighted> all = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Part part : parts) {
            WeightedRewards own = part.task().rewards();
            require(
                    own.decides().isEmpty(),
                    "one reward of task '" + part.name() + "' decides alone, which a mixture" + " cannot have");
            for (WeightedRewards.Weighted reward : own.rewards()) {
                if (!(reward.function() instanceof RewardFunction function)) {
                    throw new IllegalArgumentException(
                            "the reward '" + reward.function().name() + "' of task '" + part.name()
                                    + "' compares samples, which a mixture cannot have");
                }
                String name = names.add(function.name()) ? function.name() : part.name() + "/" + function.name();
                all.add(new WeightedRewards.Weighted(
                        new RewardOfTask(part.name(), name, function), reward.weight(), reward.warmupSteps()));
            }
        }
        return new WeightedRewards(all);
    }

    /** The tasks. */
    public List<Part> parts() {
        return parts;
    }

    @Override
    public String name() {
        return parts.stream().map(Part::name).collect(Collectors.joining("+"));
    }

    @Override
    public Problem trainProblem(long seed, long index) {
        Seeded current = turns;
        if (current.seed() != seed) {
            current = new Seeded(seed, new Turns(weights, seed ^ OWN));
            turns = current;
        }
        Turns.Turn turn = current.turns().at(index);
        Part part = parts.get(turn.of());
        return labelled(part, part.task().trainProblem(seed, turn.number()));
    }

    private static Problem labelled(Part part, Problem problem) {
        Map<String, Object> columns = new LinkedHashMap<>(problem.columns().values());
        columns.put(COLUMN, part.name());
        return new Problem(
                part.name() + "/" + problem.id(),
                problem.prompt(),
                new dev.jacobian.rl.reward.Columns(columns),
                problem.chat());
    }

    @Override
    public List<Problem> evalProblems(int count) {
        List<Turns.Turn> order = evalTurns(count);
        List<List<Problem>> own = new ArrayList<>();
        for (int of = 0; of < parts.size(); of++) {
            int part = of;
            int some = (int) order.stream().filter(turn -> turn.of() == part).count();
            own.add(some == 0 ? List.of() : parts.get(of).task().evalProblems(some));
        }
        return order.stream()
                .map(turn -> labelled(parts.get(turn.of()), own.get(turn.of()).get((int) turn.number())))
                .toList();
    }

    private List<Turns.Turn> evalTurns(int count) {
        Turns fixed = new Turns(weights, -1);
        List<Turns.Turn> order = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            order.add(fixed.at(i));
        }
        return order;
    }

    /** As many as there are before one of the tasks has no more. */
    @Override
    public int evalSize() {
        if (parts.stream().allMatch(part -> part.weight() == 0 || part.task().evalSize() == Integer.MAX_VALUE)) {
            return Integer.MAX_VALUE;
        }
        Turns fixed = new Turns(weights, -1);
        int size = 0;
        for (Turns.Turn next = fixed.at(0);
                next.number() < parts.get(next.of()).task().evalSize();
                next = fixed.at(++size)) {
            // counted in the condition
        }
        return size;
    }

    @Override
    public WeightedRewards rewards() {
        return rewards;
    }

    @Override
    public double solvedThreshold() {
        return parts.getFirst().task().solvedThreshold();
    }

    /** What the first of the tasks finds that finds one. */
    @Override
    public Optional<String> answer(String completion) {
        return parts.stream()
                .flatMap(part -> part.task().answer(completion).stream())
                .findFirst();
    }
}
