// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Relator;
import dev.jacobian.rl.math.expression.Scalars;
import dev.jacobian.rl.math.expression.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Equations against equations and against values; inequalities that are no set of numbers. */
final class Relations {

    private final Judge judge;
    private final Work work;

    Relations(Judge judge, Work work) {
        this.judge = judge;
        this.work = work;
    }

    boolean same(Node gold, Node answer) {
        if (gold instanceof Node.Relation a && answer instanceof Node.Relation b) {
            return sameRelations(a, b);
        }
        boolean goldIsValue = answer instanceof Node.Relation;
        Node value = goldIsValue ? gold : answer;
        return value(goldIsValue ? (Node.Relation) answer : (Node.Relation) gold, goldIsValue)
                .filter(other -> goldIsValue ? judge.same(value, other) : judge.same(other, value))
                .isPresent();
    }

    /** What an equation says that something is: the end of a chain, or the value of what is named on one side. */
    private Optional<Node> value(Node.Relation relation, boolean isAnswer) {
        List<Node> members = relation.members();
        if (relation.relators().stream().anyMatch(relator -> relator != Relator.EQUAL)) {
            boolean remainder =
                    relation.relators().size() == 1 && relation.relators().getFirst() == Relator.CONGRUENT
                            || relation.relators().getFirst() == Relator.IN && members.size() == 2;
            return remainder && members.getFirst() instanceof Node.Name
                    ? Optional.of(members.getLast())
                    : Optional.empty();
        }
        Node first = members.getFirst();
        Node last = members.getLast();
        if (!isBareName(first) && (isBareName(last) || isAnswer && isTotal(last) && !isTotal(first))) {
            Node swap = first;
            first = last;
            last = swap;
        }
        if (!numbersAgree(members)) {
            return Optional.empty();
        }
        boolean named = isNamed(first) || isAnswer && (isClosed(first) || isTotal(first));
        boolean expression = isCoordinate(first) && !isClosed(last) && members.size() == 2;
        return named && !expression || members.size() > 2 ? Optional.of(last) : Optional.empty();
    }

    /** {@code y = 2x + 3} is a line and not just the expression; {@code A = πr²} is a formula for A. */
    private static boolean isCoordinate(Node node) {
        return node instanceof Node.Name(String name) && (name.equals("x") || name.equals("y") || name.equals("z"));
    }

    private static boolean isBareName(Node node) {
        return node instanceof Node.Name;
    }

    /** x, f(2), AB, a_n, (x, y): a name for what the problem asks for. x² or 2x is no name. */
    private static boolean isNamed(Node node) {
        return switch (node) {
            case Node.Name name -> true;
            case Node.Apply(Fn function, List<Node> arguments) ->
                function == Fn.NAMED || arguments.stream().allMatch(Relations::isNamed);
            case Node.Product(List<Node> factors) ->
                factors.stream()
                        .allMatch(factor -> factor instanceof Constant
                                || isNamed(factor)
                                || factor instanceof Node.Power(Node base, Node exponent)
                                        && exponent.equals(Node.MINUS_ONE)
                                        && isNamed(base));
            case Node.Group(char open, List<Node> items, char close) ->
                items.stream().allMatch(Node.Name.class::isInstance);
            case Node.Power(Node.Name(String name), Node exponent) ->
                exponent.equals(Node.MINUS_ONE) && Character.isUpperCase(name.charAt(0));
            case Node.Constant constant -> constant == Constant.I || constant == Constant.E;
            default -> false;
        };
    }

    /** x + y, AB - CD: a sum that a problem asks for. 2x + 3 is no such. */
    private static boolean isTotal(Node node) {
        return node instanceof Node.Sum(List<Node> terms)
                && terms.stream()
                        .allMatch(term -> isBareName(term)
                                || term instanceof Node.Product(List<Node> factors)
                                        && factors.getFirst().equals(Node.MINUS_ONE)
                                        && factors.stream().skip(1).allMatch(Relations::isBareName));
    }

    private static boolean isClosed(Node node) {
        return !node.contains(n -> n instanceof Node.Name);
    }

    /** In a chain no number may differ from another: 5 = 6 is no way to say 6. */
    private boolean numbersAgree(List<Node> members) {
        List<Node> numbers = members.stream().filter(Relations::isClosed).toList();
        for (int k = 1; k < numbers.size(); k++) {
            if (!judge.same(numbers.get(k - 1), numbers.get(k))) {
                return false;
            }
        }
        return true;
    }

    private boolean sameRelations(Node.Relation gold, Node.Relation answer) {
        Optional<Node.Relation> sameVariable = renamed(gold, answer);
        if (sameVariable.isPresent()) {
            return sameRelations(gold, sameVariable.get());
        }
        List<Relator> a = kinds(gold);
        List<Relator> b = kinds(answer);
        if (b.equals(List.of(Relator.EQUAL)) && !numbersAgree(answer.members())) {
            return false;
        }
        if (a.equals(List.of(Relator.EQUAL)) && b.equals(List.of(Relator.EQUAL))) {
            return sameEquations(ends(gold), ends(answer));
        }
        if (gold.relators().equals(answer.relators()) && judge.sameInOrder(gold.members(), answer.members())) {
            return true;
        }
        Node.Relation flipped = flipped(answer);
        if (gold.relators().equals(flipped.relators()) && judge.sameInOrder(gold.members(), flipped.members())) {
            return true;
        }
        return gold.relators().size() == 1 && answer.relators().size() == 1 && sameInequalities(gold, answer);
    }

    /** The answer with the variable of the reference, if both define one function of one variable: f(t) = 2t for f(x) = 2x. */
    private static Optional<Node.Relation> renamed(Node.Relation gold, Node.Relation answer) {
        boolean definitions = gold.members().getFirst() instanceof Node.Apply(Fn f, List<Node> a)
                && answer.members().getFirst() instanceof Node.Apply(Fn g, List<Node> b)
                && f == Fn.NAMED
                && g == Fn.NAMED
                && a.size() == 2
                && b.size() == 2
                && a.getFirst().equals(b.getFirst())
                && isBareName(a.get(1))
                && isBareName(b.get(1))
                && !a.get(1).equals(b.get(1))
                && gold.members().getLast().contains(a.get(1)::equals);
        if (!definitions) {
            return Optional.empty();
        }
        Node from = ((Node.Apply) answer.members().getFirst()).arguments().get(1);
        Node to = ((Node.Apply) gold.members().getFirst()).arguments().get(1);
        return Optional.of((Node.Relation) answer.replace(from, to));
    }

    private static List<Relator> kinds(Node.Relation relation) {
        return relation.relators().stream().distinct().toList();
    }

    /** The outer members of a chain, the name first. */
    private static List<Node> ends(Node.Relation relation) {
        Node first = relation.members().getFirst();
        Node last = relation.members().getLast();
        return isNamed(last) && !isNamed(first) ? List.of(last, first) : List.of(first, last);
    }

    private static Node.Relation flipped(Node.Relation relation) {
        List<Node> members = new ArrayList<>(relation.members()).reversed();
        List<Relator> relators = new ArrayList<>(
                        relation.relators().stream().map(Relator::flipped).toList())
                .reversed();
        return new Node.Relation(List.copyOf(members), List.copyOf(relators));
    }

    private boolean sameEquations(List<Node> gold, List<Node> answer) {
        if (isNamed(gold.get(0)) && isNamed(answer.get(0))) {
            boolean sameName = judge.same(gold.get(0), answer.get(0))
                    || isFunction(gold.get(0)) && isBareName(answer.get(0)) && !isClosed(gold.get(1));
            if (sameName && judge.same(gold.get(1), answer.get(1))) {
                return true;
            }
        }
        if (isSolved(gold) && !isSolved(answer)) {
            return false;
        }
        Node left = Node.difference(gold.get(0), gold.get(1));
        Node right = Node.difference(answer.get(0), answer.get(1));
        return Scalars.sameZeros(left, right, work);
    }

    /** x = 2. Who is asked for it and answers 2x = 4 has only said the problem again. */
    private static boolean isSolved(List<Node> equation) {
        return isBareName(equation.get(0)) && isClosed(equation.get(1));
    }

    private static boolean isFunction(Node node) {
        return node instanceof Node.Apply(Fn function, List<Node> arguments) && function == Fn.NAMED;
    }

    /** 2x + 2y < 4 is x + y < 2 is 2 > x + y. */
    private boolean sameInequalities(Node.Relation gold, Node.Relation answer) {
        Node left = Node.difference(gold.members().get(0), gold.members().get(1));
        Node right = Node.difference(answer.members().get(0), answer.members().get(1));
        if (gold.relators().getFirst() == Relator.CONGRUENT || gold.relators().getFirst() == Relator.IN) {
            return false;
        }
        Optional<Integer> sign = Scalars.proportion(left, right, work);
        Relator relator = answer.relators().getFirst();
        return sign.isPresent() && gold.relators().getFirst() == (sign.get() < 0 ? relator.flipped() : relator);
    }

    /** Whether a value is a number. */
    static boolean isNumber(Node node) {
        return node instanceof Node.Num(Rational value) || isClosed(node);
    }
}
