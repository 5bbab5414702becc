// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.io.spill.ListView;
import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.Reward;
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
 * Problems of several tasks, drawn at random by weight, each scored by the rewards of its own task: generated ones and files of data, with rewards
 * of any kind. A problem's column {@value #COLUMN} says whose it is; its id has the task's name before it. Held-out problems come in the same
 * shares.
 *
 * <p>Whether a completion solves its problem says its own task: the reward that decides there ({@link WeightedRewards#decides}).
 */
public final class MixedTask implements Task {
    /** The column that names a problem's task. */
    public static final String COLUMN = "task";

    /** What a row's own column of that name is called meanwhile; its rewards see it as it was. */
    private static final String OF_THE_ROW = "task of the row";

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
     *     environment, with rewards of which none says what is solved, with other thresholds of solving
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
                    !Double.isNaN(part.task().solvedThreshold()),
                    "the rewards of task '" + part.name() + "' compare samples and say of none whether it is right,"
                            + " which a mixture must know");
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
        Set<String> deciding = new HashSet<>();
        Set<String> names = new HashSet<>();
        boolean sums =
                parts.stream().allMatch(part -> part.task().rewards().decides().isEmpty());
        for (Part part : parts) {
            WeightedRewards own = part.task().rewards();
            Set<String> decides = own.decides();
            if (!sums && decides.isEmpty()) {
                require(
                        own.rewards().size() == 1 && own.rewards().getFirst().weight() == 1,
                        "task '" + part.name()
                                + "' is solved by a weighted sum of its rewards, and others of the mixture"
                                + " by one reward; say which one decides (WeightedRewards.decidedBy)");
                decides = Set.of(own.rewards().getFirst().function().name());
            }
            for (WeightedRewards.Weighted reward : own.rewards()) {
                Reward function = reward.function();
                String name = names.add(function.name()) ? function.name() : part.name() + "/" + function.name();
                if (decides.contains(function.name())) {
                    deciding.add(name);
                }
                Reward ofTask = switch (function) {
                    case RewardFunction single -> new RewardOfTask(part.name(), name, single);
                    case BatchReward batch -> new BatchRewardOfTask(part.name(), name, batch);
                };
                all.add(new WeightedRewards.Weighted(ofTask, reward.weight(), reward.warmupSteps()));
            }
        }
        return new WeightedRewards(all, deciding);
    }

    /** Whether a problem with these columns is of a task. */
    static boolean isOf(String task, Columns columns) {
        return task.equals(columns.values().get(COLUMN));
    }

    /** The columns as the problem's own task has them. */
    static Columns own(Columns columns) {
        Optional<Object> ofTheRow = columns.value(OF_THE_ROW);
        if (ofTheRow.isEmpty()) {
            return columns;
        }
        Map<String, Object> own = new LinkedHashMap<>(columns.values());
        own.remove(OF_THE_ROW);
        own.put(COLUMN, ofTheRow.get());
        return new Columns(own);
    }

    /** A completion as the problem's own task has it. */
    static Completion own(Completion completion) {
        if (!completion.columns().has(OF_THE_ROW)) {
            return completion;
        }
        return new Completion(
                completion.problemId(),
                completion.prompt(),
                own(completion.columns()),
                completion.text(),
                completion.tokenIds(),
                completion.finishReason(),
                completion.episode());
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
        Object own = columns.put(COLUMN, part.name());
        if (own != null) {
            columns.put(OF_THE_ROW, own);
        }
        return new Problem(part.name() + "/" + problem.id(), problem.prompt(), new Columns(columns), problem.chat());
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

    /** Those of the files among the tasks, so that they can be checked before a run begins. */
    @Override
    public List<Problem> allProblems() {
        List<Problem> all = List.of();
        for (Part part : parts) {
            List<Problem> before = all;
            List<Problem> own = ListView.mapped(part.task().allProblems(), problem -> labelled(part, problem));
            int size = before.size();
            all = ListView.of(Math.addExact(size, own.size()), i -> i < size ? before.get(i) : own.get(i - size));
        }
        return all;
    }

    /** File and row, where the problem's task has such. */
    @Override
    public String source(Problem problem) {
        for (Part part : parts) {
            if (part.name().equals(problem.columns().values().get(COLUMN))) {
                return part.task().allProblems().stream()
                        .filter(own -> labelled(part, own).equals(problem))
                        .findFirst()
                        .map(part.task()::source)
                        .orElseGet(() -> Task.super.source(problem));
            }
        }
        return Task.super.source(problem);
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
