// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;

/** How many of all assignments make a formula true. It is drawn as a tree, and evaluated on every assignment. */
record ModelCount() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "model-count",
                PuzzleFamily.LOGIC,
                "count the truth values that make a formula true; difficulty adds an operation and, later, variables",
                new Levels(1, 2, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int variables = 4 + difficulty / 3;
        List<Formula> parts = new ArrayList<>();
        for (int i = 0; i < difficulty + 3; i++) {
            parts.add(literal(i < variables ? i : rng.nextInt(variables), Draws.flip(rng)));
        }
        while (parts.size() > 1) {
            Formula left = parts.remove(rng.nextInt(parts.size()));
            Formula right = parts.remove(rng.nextInt(parts.size()));
            parts.add(joined(rng.nextInt(3), left, right));
        }
        Formula whole = parts.getFirst();
        long count = IntStream.range(0, 1 << variables).filter(whole.holds()).count();
        return new Question(
                "The variables A to " + Vocabulary.letter(variables - 1) + " are true or false. How many of the "
                        + (1 << variables) + " combinations make this true? (xor: exactly one of the two)\n"
                        + whole.text().substring(1, whole.text().length() - 1),
                Long.toString(count));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.isInteger(answer, question.string("answer"));
    }

    /** A formula in parentheses, and the assignments, a bit for each variable, that make it true. */
    private record Formula(String text, IntPredicate holds) {}

    private static Formula literal(int variable, boolean negated) {
        IntPredicate holds = world -> (world >> variable & 1) == 1;
        return negated
                ? new Formula("not " + Vocabulary.letter(variable), holds.negate())
                : new Formula(Vocabulary.letter(variable), holds);
    }

    private static Formula joined(int operator, Formula left, Formula right) {
        IntPredicate a = left.holds();
        IntPredicate b = right.holds();
        return switch (operator) {
            case 0 -> new Formula("(" + left.text() + " and " + right.text() + ")", a.and(b));
            case 1 -> new Formula("(" + left.text() + " or " + right.text() + ")", a.or(b));
            default ->
                new Formula("(" + left.text() + " xor " + right.text() + ")", world -> a.test(world) != b.test(world));
        };
    }
}
