// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.math.BigInteger;

/** The remainder of a power by a modulus. */
record ModularPower() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "modular-power",
                PuzzleFamily.ARITHMETIC,
                "find the remainder of a power; difficulty adds a digit to exponent and modulus",
                new Levels(1, 1, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int most = (int) Math.pow(10, difficulty);
        int base = Draws.between(rng, 2, 9 + 10 * difficulty);
        int exponent = Draws.between(rng, most / 2 + 3, most + 20);
        int modulus = Draws.between(rng, most + 1, 10 * most + 9);
        return new Question(
                "What is the remainder when " + base + "^" + exponent + " is divided by " + modulus + "?",
                BigInteger.valueOf(base)
                        .modPow(BigInteger.valueOf(exponent), BigInteger.valueOf(modulus))
                        .toString());
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.isInteger(answer, question.string("answer"));
    }
}
