// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;

/** An order of tasks in which each comes behind those that it needs. Every such order is right. */
record TopologicalOrder() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "topological-order",
                PuzzleFamily.GRAPHS,
                "order tasks so that each follows those it needs; difficulty adds two tasks",
                Levels.upTo(8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int tasks = 4 + 2 * difficulty;
        List<Integer> hidden = Draws.permutation(rng, tasks);
        List<Integer> needs = new ArrayList<>(); // pairs: a task, and one that comes before it
        List<String> text = new ArrayList<>();
        for (int place : Draws.permutation(rng, tasks)) {
            for (int earlier : Draws.permutation(rng, place).subList(0, Math.min(place, Draws.between(rng, 1, 2)))) {
                needs.addAll(List.of(hidden.get(place), hidden.get(earlier)));
                text.add(Vocabulary.letter(hidden.get(place)) + " after " + Vocabulary.letter(hidden.get(earlier)));
            }
        }
        return new Question(
                "Tasks A to " + Vocabulary.letter(tasks - 1) + " have to be done one after the other, each once: "
                        + Words.join(text, ", ") + ". Write an order in which this can be done, separated by blanks.",
                Words.join(hidden.stream().map(Vocabulary::letter).toList()),
                Map.of("tasks", tasks, "needs", List.copyOf(needs)));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        int tasks = (int) question.integer("tasks");
        List<Integer> order = Words.of(answer).stream()
                .map(task -> Vocabulary.index(task, tasks))
                .toList();
        List<Long> needs = question.integers("needs");
        if (order.size() != tasks || order.contains(-1) || new HashSet<>(order).size() != tasks) {
            return false;
        }
        for (int i = 0; i < needs.size(); i += 2) {
            if (order.indexOf(needs.get(i).intValue())
                    < order.indexOf(needs.get(i + 1).intValue())) {
                return false;
            }
        }
        return true;
    }
}
