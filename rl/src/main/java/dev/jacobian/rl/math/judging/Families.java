// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Relator;
import dev.jacobian.rl.math.expression.Scalars;
import dev.jacobian.rl.math.expression.Unit;
import dev.jacobian.rl.math.expression.Work;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * Answers with a whole parameter: {@code π/4 + kπ} is {@code π/4 + nπ} and {@code 5π/4 + mπ}. The parameter is the letter that was said to be
 * an integer, or the only one of k, n, m, l beside π or degrees, which nobody uses there for anything else.
 */
final class Families {

    private static final String LETTERS = "knml";
    private static final Node CONSTANT = new Node.Name("C");
    private static final List<Node> OTHER_CONSTANTS =
            List.of(new Node.Name("c"), new Node.Name("K"), new Node.Name("C_1"), new Node.Name("c_1"));

    private final Judge judge;
    private final Work work;

    Families(Judge judge, Work work) {
        this.judge = judge;
        this.work = work;
    }

    boolean same(SideConditions gold, SideConditions answer) {
        Optional<Node> p = parameter(gold);
        Optional<Node> q = parameter(answer);
        if (p.isEmpty() || q.isEmpty() || answer.answer().contains(p.get()::equals) && !p.equals(q)) {
            return false;
        }
        Node renamed = answer.answer().replace(q.get(), p.get());
        boolean integers = gold.domain().or(answer::domain).orElse(Constant.INTEGERS) == Constant.INTEGERS;
        return !p.equals(q) && judge.sameKind(gold.answer(), renamed)
                || integers && sameProgression(gold.answer(), renamed, p.get());
    }

    /** The answer with the reference's letter for the constant of integration: {@code + c} and {@code + K} are {@code + C}. */
    static Node withConstant(Node gold, Node answer) {
        if (!gold.contains(CONSTANT::equals) || answer.contains(CONSTANT::equals)) {
            return answer;
        }
        return OTHER_CONSTANTS.stream()
                .filter(name -> answer.contains(name::equals) && !gold.contains(name::equals))
                .findFirst()
                .map(name -> answer.replace(name, CONSTANT))
                .orElse(answer);
    }

    private static Optional<Node> parameter(SideConditions stated) {
        if (stated.parameter().isPresent()) {
            return stated.parameter();
        }
        Node value = value(stated.answer());
        TreeSet<String> names = new TreeSet<>();
        boolean turns = false;
        for (Node node : value instanceof Node.Listing(List<Node> items) ? items : List.of(value)) {
            Node inner = value(node);
            inner.contains(n -> n instanceof Node.Name(String name) && !names.add(name));
            turns |= inner.contains(
                    n -> n == Constant.PI || n instanceof Node.Quantity(Node v, Unit unit) && unit.equals(Unit.DEGREE));
        }
        return turns && names.size() == 1 && names.first().length() == 1 && LETTERS.contains(names.first())
                ? Optional.of(new Node.Name(names.first()))
                : Optional.empty();
    }

    /** What stands behind {@code x =}. */
    private static Node value(Node node) {
        return isAssignment(node) ? ((Node.Relation) node).members().getLast() : node;
    }

    private static boolean isAssignment(Node node) {
        return node instanceof Node.Relation(List<Node> members, List<Relator> relators)
                && relators.equals(List.of(Relator.EQUAL))
                && members.getFirst() instanceof Node.Name;
    }

    /** a + bp and c + dp for whole p: the same steps up or down, and a and c a whole number of them apart. */
    private boolean sameProgression(Node gold, Node answer, Node parameter) {
        if (isAssignment(gold)
                && isAssignment(answer)
                && !((Node.Relation) gold)
                        .members()
                        .getFirst()
                        .equals(((Node.Relation) answer).members().getFirst())) {
            return false;
        }
        Node a = value(gold);
        Node b = value(answer);
        if (!isLinear(a, parameter) || !isLinear(b, parameter)) {
            return false;
        }
        Node step = step(a, parameter);
        Optional<Rational> steps = Scalars.multiple(step(b, parameter), step, work);
        Optional<Rational> apart =
                Scalars.multiple(Node.difference(at(a, parameter, 0), at(b, parameter, 0)), step, work);
        return steps.filter(ratio -> ratio.equals(Rational.ONE) || ratio.equals(Rational.MINUS_ONE))
                        .isPresent()
                && apart.filter(Rational::isWhole).isPresent();
    }

    private boolean isLinear(Node node, Node parameter) {
        return Scalars.equal(
                step(node, parameter), Node.difference(at(node, parameter, 2), at(node, parameter, 1)), work);
    }

    private static Node step(Node node, Node parameter) {
        return Node.difference(at(node, parameter, 1), at(node, parameter, 0));
    }

    private static Node at(Node node, Node parameter, long value) {
        return plain(node).replace(parameter, Node.number(value));
    }

    /** Degrees by their number. */
    private static Node plain(Node node) {
        return node.transform(
                n -> n instanceof Node.Quantity(Node value, Unit unit) && unit.equals(Unit.DEGREE) ? value : n);
    }
}
