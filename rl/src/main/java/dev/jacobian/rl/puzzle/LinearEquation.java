// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;

/** An equation in x that a whole number solves, and no other number does. */
record LinearEquation() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "linear-equation",
                PuzzleFamily.ALGEBRA,
                "solve an equation with one unknown; difficulty brings x to both sides, then brackets, then larger"
                        + " numbers",
                new Levels(1, 2, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int size = 5 + 5 * difficulty;
        int x = Draws.nonZero(rng, 4 * size);
        int left = Draws.nonZero(rng, size);
        int right;
        do {
            right = difficulty == 1 ? 0 : Draws.nonZero(rng, size);
        } while (right == left);
        int inLeft = difficulty < 3 ? 0 : Draws.nonZero(rng, size);
        int inRight = difficulty < 3 ? 0 : Draws.nonZero(rng, size);
        int constant = Draws.nonZero(rng, size);
        int other = left * (x + inLeft) + constant - right * (x + inRight);
        String text = side(left, inLeft, constant) + " = "
                + (right == 0 ? Integer.toString(other) : side(right, inRight, other));
        return new Question("Solve for x: " + text + ". Write the number that x is.", Integer.toString(x));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        String value = answer.startsWith("x") ? answer.substring(1).stripLeading() : answer;
        boolean named = !value.equals(answer) && value.startsWith("=");
        return Words.isInteger(named ? value.substring(1).stripLeading() : answer, question.string("answer"));
    }

    private static String side(int factor, int inside, int constant) {
        String term = inside == 0 ? "x" : "(x" + signed(inside) + ")";
        String product = factor == 1 ? term : factor == -1 ? "-" + term : factor + term;
        return constant == 0 ? product : product + signed(constant);
    }

    private static String signed(int number) {
        return (number < 0 ? " - " : " + ") + Math.abs(number);
    }
}
