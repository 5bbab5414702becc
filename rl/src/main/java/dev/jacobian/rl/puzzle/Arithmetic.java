// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.arithmetic.Expression;
import dev.jacobian.rl.arithmetic.Operator;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;

/**
 * The value of an expression. Numbers are 1 to 50 and joined at random until one is left; a product is only taken of values
 * below 1000, so that the last one stays readable.
 */
record Arithmetic() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "arithmetic",
                PuzzleFamily.ARITHMETIC,
                "compute a value with + - * and parentheses; difficulty adds an operation",
                new Levels(1, 2, 8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        List<Expression> parts = new ArrayList<>();
        for (int i = 0; i < difficulty + 2; i++) {
            parts.add(new Expression.Literal(Draws.between(rng, 1, 50)));
        }
        while (parts.size() > 1) {
            Expression left = parts.remove(rng.nextInt(parts.size()));
            Expression right = parts.remove(rng.nextInt(parts.size()));
            parts.add(new Expression.Binary(left, operator(rng, left, right), right));
        }
        Expression whole = parts.getFirst();
        return new Question("What is " + whole + "?", whole.value().toString());
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.isInteger(answer, question.string("answer"));
    }

    private static Operator operator(Rng rng, Expression left, Expression right) {
        Operator operator = Draws.pick(rng, List.of(Operator.ADD, Operator.SUBTRACT, Operator.MULTIPLY));
        return operator == Operator.MULTIPLY && (isLarge(left) || isLarge(right)) ? Operator.ADD : operator;
    }

    private static boolean isLarge(Expression part) {
        return Math.abs(part.value().numerator()) >= 1000;
    }
}
