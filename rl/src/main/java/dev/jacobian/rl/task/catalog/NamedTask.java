// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task.catalog;

import dev.jacobian.rl.puzzle.Levels;
import dev.jacobian.rl.puzzle.Puzzle;
import dev.jacobian.rl.puzzle.PuzzleTask;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.task.Task;
import java.util.List;
import java.util.Optional;

/**
 * A task under the name that a command line takes.
 *
 * @param name the name
 * @param family what kind of thinking it asks for: {@code arithmetic}
 * @param summary what is asked, and what rises with the difficulty, in one line
 * @param levels how hard it can be made
 * @param forms where answers may stand; the first is the usual one
 * @param bundled whether the bundled model can learn it: prompts fit it, and it is right often enough to be taught
 * @param maker the task of a difficulty and a form
 */
public record NamedTask(
        String name, String family, String summary, Levels levels, List<Answer> forms, boolean bundled, Maker maker) {

    /** Makes a task. */
    @FunctionalInterface
    public interface Maker {
        /** The task of one of the {@link NamedTask#levels} and one of the {@link NamedTask#forms}. */
        Task make(int difficulty, Answer form);
    }

    /** Copies the forms. */
    public NamedTask {
        forms = List.copyOf(forms);
    }

    /** A puzzle. */
    static NamedTask of(Puzzle puzzle) {
        return new NamedTask(
                puzzle.name(),
                puzzle.about().family().toString(),
                puzzle.about().summary(),
                puzzle.about().levels(),
                List.of(Answer.TAG, Answer.STRIPPED),
                false,
                (difficulty, form) -> new PuzzleTask(puzzle, difficulty, form));
    }

    /** The task as it is usually meant. */
    public Task task() {
        return task(Optional.empty(), Optional.empty());
    }

    /**
     * The task.
     *
     * @param difficulty one of the {@link #levels}; the usual one if empty
     * @param form one of the {@link #forms}; the usual one if empty
     * @throws IllegalArgumentException if the task has no such difficulty or form
     */
    public Task task(Optional<Integer> difficulty, Optional<Answer> form) {
        form.filter(given -> !forms.contains(given)).ifPresent(given -> {
            throw new IllegalArgumentException("task '" + name + "' takes an answer "
                    + (forms.getFirst() == Answer.TAG ? "in <answer> tags only" : "that is the whole completion only"));
        });
        return maker.make(levels.require(difficulty.orElse(levels.usual()), name), form.orElse(forms.getFirst()));
    }
}
