// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.arithmetic.Rational;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;

/** A sum of fractions, in lowest terms: 1/2 is right where 2/4 is not. */
record Fractions() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "fractions",
                PuzzleFamily.ARITHMETIC,
                "add and subtract fractions; difficulty adds a term and larger denominators",
                new Levels(1, 1, 5));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        StringBuilder text = new StringBuilder();
        Rational sum = Rational.ZERO;
        for (int i = 0; i <= difficulty; i++) {
            int denominator = Draws.between(rng, 2, 6 + 4 * difficulty);
            int numerator = Draws.between(rng, 1, 2 * denominator);
            boolean minus = i > 0 && Draws.flip(rng);
            text.append(i == 0 ? "" : minus ? " - " : " + ")
                    .append(numerator)
                    .append('/')
                    .append(denominator);
            Rational term = new Rational(numerator, denominator);
            sum = minus ? sum.minus(term) : sum.plus(term);
        }
        return new Question(
                "Compute " + text + ". Write the result as a fraction in lowest terms, or as a whole number.",
                sum.toString());
    }

    @Override
    public boolean solves(Columns question, String answer) {
        int bar = answer.indexOf('/');
        String whole = bar < 0 ? answer : answer.substring(0, bar).strip();
        String under = bar < 0 ? "1" : answer.substring(bar + 1).strip();
        String value = question.string("answer");
        int bar2 = value.indexOf('/');
        return Words.isInteger(whole, bar2 < 0 ? value : value.substring(0, bar2))
                && Words.isInteger(under, bar2 < 0 ? "1" : value.substring(bar2 + 1));
    }
}
