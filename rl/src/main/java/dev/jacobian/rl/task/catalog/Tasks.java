// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task.catalog;

import dev.jacobian.rl.puzzle.Levels;
import dev.jacobian.rl.puzzle.Puzzles;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Countdown;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The tasks that have a name: what {@code --task} takes and {@code jacobian tasks} lists. */
public final class Tasks {
    private static final List<NamedTask> ALL = Stream.concat(
                    Stream.of(countdown(), countdownInWords(), addition()),
                    Puzzles.all().stream().map(NamedTask::of))
            .toList();

    private Tasks() {}

    /** All of them, puzzles family by family behind those with short prompts. */
    public static List<NamedTask> all() {
        return ALL;
    }

    /** The task of a name. */
    public static Optional<NamedTask> find(String name) {
        return ALL.stream().filter(task -> task.name().equals(name)).findFirst();
    }

    /** Their names as a sentence has them: {@code countdown, addition, sorting}. */
    public static String names() {
        return ALL.stream().map(NamedTask::name).collect(Collectors.joining(", "));
    }

    private static NamedTask countdown() {
        return new NamedTask(
                "countdown",
                "arithmetic",
                "reach a target with + - * /, using every number once; difficulty adds a number, short prompts",
                Levels.upTo(4),
                List.of(Answer.TAG),
                true,
                (difficulty, form) -> switch (difficulty) {
                    case 1 -> Countdown.small();
                    case 2 -> new Countdown(4, 4, 1, 20, 1, 50, false, Countdown.SHORT_TEMPLATE);
                    case 3 -> new Countdown(5, 5, 1, 20, 1, 100, false, Countdown.SHORT_TEMPLATE);
                    default -> new Countdown(6, 6, 1, 20, 1, 100, false, Countdown.SHORT_TEMPLATE);
                });
    }

    private static NamedTask countdownInWords() {
        return new NamedTask(
                "countdown-words",
                "arithmetic",
                "the same with larger numbers, fractions on the way and the rules in the prompt",
                new Levels(1, 2, 4),
                List.of(Answer.TAG),
                false,
                (difficulty, form) -> difficulty == 2
                        ? Countdown.standard()
                        : new Countdown(
                                difficulty + 2,
                                difficulty + 2,
                                1,
                                difficulty == 1 ? 20 : 99,
                                1,
                                difficulty == 1 ? 50 : 999,
                                true,
                                Countdown.INSTRUCTION_TEMPLATE));
    }

    private static NamedTask addition() {
        return new NamedTask(
                "addition",
                "arithmetic",
                "add two numbers; difficulty is their digits, short prompts",
                new Levels(2, 2, 6),
                List.of(Answer.WHOLE),
                false,
                (digits, form) -> new Addition((int) Math.pow(10, digits) - 1));
    }
}
