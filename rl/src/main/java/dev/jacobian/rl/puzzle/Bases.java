// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.Locale;

/** A number from one base, 2 to 16, in another. Digits above 9 are letters, large or small. */
record Bases() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "bases",
                PuzzleFamily.BASES,
                "write a number in another base; difficulty adds a decimal digit",
                new Levels(1, 2, 7));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int most = (int) Math.pow(10, 1 + difficulty);
        int number = Draws.between(rng, most / 10, most);
        int from = Draws.between(rng, 2, 16);
        int to = (from - 2 + Draws.between(rng, 1, 14)) % 15 + 2;
        return new Question(
                "Write " + Integer.toString(number, from) + ", a number in base " + from + ", in base " + to
                        + (to > 10 ? ", with letters from a for digits above 9." : "."),
                Integer.toString(number, to));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return answer.toLowerCase(Locale.ROOT).equals(question.string("answer"));
    }
}
