// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/** Numbers to bring into ascending or descending order. */
record Sorting() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "sorting",
                PuzzleFamily.SORTING,
                "bring whole numbers into ascending or descending order; difficulty adds two numbers and a digit",
                new Levels(1, 2, 8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int range = (int) Math.pow(10, 1 + Math.min(difficulty, 6));
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < 2 + 2 * difficulty; i++) {
            numbers.add(Draws.between(rng, -range + 1, range - 1));
        }
        boolean ascending = Draws.flip(rng);
        List<Integer> sorted = numbers.stream()
                .sorted(ascending ? Comparator.naturalOrder() : Comparator.reverseOrder())
                .toList();
        return new Question(
                "Write these numbers in " + (ascending ? "ascending" : "descending") + " order, separated by blanks: "
                        + Words.join(numbers),
                Words.join(sorted),
                Map.of("sorted", sorted));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.integers(answer)
                .filter(question.integers("sorted")::equals)
                .isPresent();
    }
}
