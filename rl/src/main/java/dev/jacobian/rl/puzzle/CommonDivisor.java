// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;

/** The greatest common divisor of numbers that have one: each is a multiple of a number that is drawn first. */
record CommonDivisor() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "gcd",
                PuzzleFamily.ARITHMETIC,
                "find the greatest common divisor; difficulty adds digits, later a third number",
                new Levels(1, 2, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int most = 2 * (int) Math.pow(10, 1 + difficulty);
        int divisor = Draws.between(rng, 2, (int) Math.sqrt(most) * 2);
        List<Integer> numbers = new ArrayList<>();
        int common = 0;
        for (int i = 0; i < (difficulty < 4 ? 2 : 3); i++) {
            int number = divisor * Draws.between(rng, 2, most / divisor + 2);
            numbers.add(number);
            common = gcd(common, number);
        }
        return new Question(
                "What is the greatest common divisor of " + Words.join(numbers, " and ") + "?",
                Integer.toString(common));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.isInteger(answer, question.string("answer"));
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }
}
