// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Numbers of which some make a target. Every choice that makes it is right. */
record SubsetSum() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "subset-sum",
                PuzzleFamily.ARITHMETIC,
                "choose numbers that make a sum; difficulty adds two numbers",
                new Levels(1, 2, 8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < 3 + 2 * difficulty; i++) {
            numbers.add(Draws.between(rng, 1, 99));
        }
        List<Integer> chosen = Draws.some(rng, numbers, Draws.between(rng, 2, numbers.size() - 2));
        int target = chosen.stream().mapToInt(Integer::intValue).sum();
        return new Question(
                "Choose some of these numbers, each at most as often as it is there, so that their sum is " + target
                        + ": " + Words.join(numbers) + ". Write the chosen numbers, separated by blanks.",
                Words.join(chosen),
                Map.of("numbers", List.copyOf(numbers), "target", target));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        List<Long> left = new ArrayList<>(question.integers("numbers"));
        long sum = 0;
        for (long number : Words.integers(answer).orElse(List.of())) {
            if (!left.remove((Long) number)) {
                return false;
            }
            sum += number;
        }
        return sum == question.integer("target");
    }
}
