// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Matrices;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Relator;
import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Reads what stands behind the name of a function: its power, its base, its argument; roots, sums and products as well. */
final class FunctionReader {

    private final Cursor cursor;
    private final Style style;
    private final FormulaReader formulas;
    private final PrimaryReader primary;
    private final BracketReader brackets;

    FunctionReader(Cursor cursor, Style style, FormulaReader formulas, PrimaryReader primary, BracketReader brackets) {
        this.cursor = cursor;
        this.style = style;
        this.formulas = formulas;
        this.primary = primary;
        this.brackets = brackets;
    }

    /** The root behind its sign, with its order in brackets. */
    Node root(Rational exponent) {
        Node power = new Node.Num(exponent);
        if (cursor.at("[")) {
            cursor.next();
            Node order = formulas.inside(formulas::sum);
            cursor.expect("]");
            power = order instanceof Node.Num(Rational n) && n.signum() != 0
                    ? new Node.Num(Rational.ONE.over(n))
                    : new Node.Power(order, Node.MINUS_ONE);
        }
        return new Node.Power(primary.argument(), power);
    }

    /** The function whose name is behind the cursor: its power, base and argument. */
    Node read(Fn function) {
        cursor.enter();
        Node result;
        if (function == Fn.LOG && cursor.at("_")) {
            cursor.next();
            Node base = primary.argument();
            result = raised(power(), value -> Node.apply(Fn.LOG_BASE, base, value));
        } else if (function == Fn.LOG && isBase()) {
            Node base = new Node.Num(cursor.next().value().orElseThrow());
            result = Node.apply(Fn.LOG_BASE, base, argument());
        } else if (cursor.at("^")) {
            Optional<Node> power = power();
            boolean inverse = power.isPresent()
                    && power.get().equals(Node.MINUS_ONE)
                    && function.inverse().isPresent();
            Fn meant = inverse ? function.inverse().orElseThrow() : function;
            result = raised(inverse ? Optional.empty() : power, value -> applied(meant, value));
        } else if (isSeveral(function) && cursor.at("(")) {
            result = new Node.Apply(function, BracketReader.items(brackets.read()));
        } else if (function == Fn.DET || function == Fn.MAX || function == Fn.MIN) {
            result = ofOne(function, formulas.powers());
        } else {
            result = applied(function, argument());
        }
        cursor.leave();
        return result;
    }

    /** {@code cis x} is cos x + i sin x. */
    private static Node applied(Fn function, Node argument) {
        return function == Fn.CIS
                ? Node.sum(Node.apply(Fn.COS, argument), Node.product(Node.Constant.I, Node.apply(Fn.SIN, argument)))
                : Node.apply(function, argument);
    }

    /** {@code log2(5)}. */
    private boolean isBase() {
        return style.plain()
                && cursor.peek().isWhole()
                && !cursor.peek().spaced()
                && cursor.peek(1).is("(")
                && !cursor.peek(1).spaced();
    }

    private static boolean isSeveral(Fn function) {
        return switch (function) {
            case MAX, MIN, GCD, LCM, BINOMIAL -> true;
            default -> false;
        };
    }

    private static Node ofOne(Fn function, Node argument) {
        if (function == Fn.DET && argument instanceof Node.Matrix matrix) {
            return Matrices.determinant(matrix).orElseThrow(() -> new MathProblem.Unreadable("no small square matrix"));
        }
        return new Node.Apply(
                function, argument instanceof Node.FiniteSet(List<Node> items) ? items : List.of(argument));
    }

    private Optional<Node> power() {
        if (!cursor.take("^")) {
            return Optional.empty();
        }
        boolean negative = cursor.take("-");
        Node power = primary.argument();
        return Optional.of(negative ? Node.negative(power) : power);
    }

    private Node raised(Optional<Node> power, UnaryOperator<Node> function) {
        Node value = function.apply(argument());
        return power.<Node>map(exponent -> new Node.Power(value, exponent)).orElse(value);
    }

    /** {@code \sin 2x \cos x}: the factors up to a sign, a blank comma or another function; brackets end it at once. */
    Node argument() {
        if (cursor.at("(")) {
            return formulas.powersOf(brackets.read());
        }
        List<Node> factors = new ArrayList<>();
        if (cursor.at("-")) {
            cursor.next();
            factors.add(Node.MINUS_ONE);
        }
        factors.add(formulas.powers());
        while (cursor.peek().kind() == Kind.NUMBER && cursor.peek(-1).kind() != Kind.NUMBER
                || cursor.peek().kind() == Kind.LETTER && !cursor.peek().spaced() && !Vocabulary.isWord(cursor.word())
                || cursor.peek().kind() == Kind.LETTER
                        && cursor.peek(-1).kind() == Kind.NUMBER
                        && cursor.word().length() == 1
                || cursor.peek().kind() == Kind.COMMAND
                        && (Vocabulary.CONSTANTS.containsKey(cursor.peek().text())
                                || Vocabulary.GREEK.contains(cursor.peek().text())
                                || cursor.atCommand("frac"))) {
            factors.add(formulas.powers());
        }
        if (cursor.at("/")
                && factors.size() == 1
                && style.plain()
                && cursor.peek(1).isWhole()) {
            cursor.next();
            factors.add(new Node.Power(formulas.powers(), Node.MINUS_ONE));
        }
        return UnitReader.product(factors);
    }

    /** A sum or product over few whole numbers is written out. */
    Node series(boolean product) {
        Node from = null;
        Node to = null;
        for (int k = 0; k < 2; k++) {
            if (cursor.take("_")) {
                from = primary.argument();
            } else if (cursor.take("^")) {
                to = primary.argument();
            }
        }
        Node body = formulas.product();
        if (!(from instanceof Node.Relation(List<Node> members, List<Relator> relators))
                || !(members.getFirst() instanceof Node.Name index)
                || !(members.getLast() instanceof Node.Num(Rational first))
                || !(to instanceof Node.Num(Rational last))
                || !first.isInt()
                || !last.isInt()
                || last.minus(first).compareTo(Rational.of(1000)) > 0
                || last.compareTo(first) < 0) {
            throw new MathProblem.Unreadable("no short sum");
        }
        List<Node> terms = new ArrayList<>();
        int size = body.size();
        for (int k = first.numerator().intValue(); k <= last.numerator().intValue(); k++) {
            cursor.work().spend(100 + 2L * size);
            terms.add(body.replace(index, Node.number(k)));
        }
        return product ? new Node.Product(List.copyOf(terms)) : new Node.Sum(List.copyOf(terms));
    }
}
