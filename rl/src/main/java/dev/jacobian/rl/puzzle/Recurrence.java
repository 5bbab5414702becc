// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;

/**
 * A sequence {@code t' = p t + q} from its first four terms. The rule's form is told, so that there is one continuation: the
 * first two terms differ, and then three terms determine p and q.
 */
record Recurrence() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "recurrence",
                PuzzleFamily.ARITHMETIC,
                "continue a sequence whose terms are a multiple of the one before plus a constant; difficulty is how"
                        + " far",
                new Levels(1, 1, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        long factor = Draws.pick(rng, List.of(-3, -2, 2, 3));
        long constant;
        long term;
        do {
            constant = Draws.between(rng, -20, 20);
            term = Draws.between(rng, -50, 50);
        } while ((factor - 1) * term + constant == 0);
        List<Long> shown = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            shown.add(term);
            term = factor * term + constant;
        }
        for (int i = 1; i < difficulty; i++) {
            term = factor * term + constant;
        }
        return new Question(
                "Each term of a sequence is the term before it times one fixed whole number, plus another fixed whole"
                        + " number. It begins " + Words.join(shown, ", ") + ". What is term number "
                        + (4 + difficulty) + "?",
                Long.toString(term));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.isInteger(answer, question.string("answer"));
    }
}
