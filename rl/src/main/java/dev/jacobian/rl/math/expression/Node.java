// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.util.List;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/**
 * What an answer says, as a tree.
 *
 * <p>The scalar nodes are few, so that everything which walks them is short: a difference is a sum with a factor -1, a quotient a product
 * with a power -1, a root a power 1/n. The others are the kinds of answers that problems ask for. Nothing is evaluated when a tree is
 * built, so a tree is as small as the text that it was read from.
 */
public sealed interface Node {

    /** An exact number; a decimal is the fraction that it spells. */
    record Num(Rational value) implements Node {}

    /** A variable. */
    record Name(String name) implements Node {}

    /** A symbol with one meaning. */
    enum Constant implements Node {
        PI,
        E,
        I,
        INFINITY,
        /** Plus or minus: the same sign wherever it stands in one expression. */
        SIGN,
        EMPTY_SET,
        REALS,
        INTEGERS,
        NATURALS,
        RATIONALS,
        COMPLEXES
    }

    record Sum(List<Node> terms) implements Node {}

    record Product(List<Node> factors) implements Node {}

    record Power(Node base, Node exponent) implements Node {}

    record Apply(Fn function, List<Node> arguments) implements Node {}

    /** Rows of equal length. */
    record Matrix(List<List<Node>> rows) implements Node {}

    /** Round or square brackets around several items, or a square one around one: a tuple or an interval, the judge decides. */
    record Group(char open, List<Node> items, char close) implements Node {}

    /** Braces around elements. */
    record FiniteSet(List<Node> items) implements Node {}

    /** Several answers side by side: with commas, semicolons, and, or. */
    record Listing(List<Node> items) implements Node {}

    /** {@code a < b = c}: one relator fewer than members. */
    record Relation(List<Node> members, List<Relator> relators) implements Node {}

    /** Union, intersection or difference of sets. */
    record SetOperation(char operator, Node left, Node right) implements Node {}

    record Quantity(Node value, Unit unit) implements Node {}

    /** Digits in a base that is written beside them. */
    record Numeral(String digits, int base) implements Node {}

    /**
     * A time of day, or a length of time written like one.
     *
     * @param half 0 not said, 1 a.m., 2 p.m.
     */
    record Clock(int hour, int minute, int second, int half) implements Node {}

    /** A calendar date; what was not said is 0. */
    record Day(int year, int month, int day) implements Node {}

    /** {@code 2:3:5}. */
    record Ratio(List<Node> parts) implements Node {}

    /** Anything that is no mathematics: small letters, single blanks, no punctuation at the ends. */
    record Word(String text) implements Node {}

    Node ZERO = new Num(Rational.ZERO);
    Node ONE = new Num(Rational.ONE);
    Node MINUS_ONE = new Num(Rational.MINUS_ONE);

    static Node number(long value) {
        return new Num(Rational.of(value));
    }

    static Node sum(Node left, Node right) {
        return new Sum(List.of(left, right));
    }

    static Node product(Node left, Node right) {
        return new Product(List.of(left, right));
    }

    static Node negative(Node node) {
        return node instanceof Num(Rational value) ? new Num(value.negate()) : product(MINUS_ONE, node);
    }

    static Node difference(Node left, Node right) {
        return sum(left, negative(right));
    }

    static Node quotient(Node left, Node right) {
        return product(left, new Power(right, MINUS_ONE));
    }

    static Node apply(Fn function, Node... arguments) {
        return new Apply(function, List.of(arguments));
    }

    /** The nodes directly under this one. */
    default List<Node> children() {
        return switch (this) {
            case Sum(List<Node> terms) -> terms;
            case Product(List<Node> factors) -> factors;
            case Power(Node base, Node exponent) -> List.of(base, exponent);
            case Apply(Fn function, List<Node> arguments) -> arguments;
            case Matrix(List<List<Node>> rows) ->
                rows.stream().flatMap(List::stream).toList();
            case Group(char open, List<Node> items, char close) -> items;
            case FiniteSet(List<Node> items) -> items;
            case Listing(List<Node> items) -> items;
            case Relation(List<Node> members, List<Relator> relators) -> members;
            case SetOperation(char operator, Node left, Node right) -> List.of(left, right);
            case Quantity(Node value, Unit unit) -> List.of(value);
            case Ratio(List<Node> parts) -> parts;
            default -> List.of();
        };
    }

    /** How many nodes the tree has. */
    default int size() {
        return 1 + children().stream().mapToInt(Node::size).sum();
    }

    /** Whether this node or one under it is such a node. */
    default boolean contains(Predicate<Node> such) {
        return such.test(this) || children().stream().anyMatch(child -> child.contains(such));
    }

    /** The same tree with each node that has a value replaced by what a function makes of it, from the leaves up. */
    default Node transform(UnaryOperator<Node> change) {
        return change.apply(
                switch (this) {
                    case Sum(List<Node> terms) -> new Sum(transformed(terms, change));
                    case Product(List<Node> factors) -> new Product(transformed(factors, change));
                    case Power(Node base, Node exponent) ->
                        new Power(base.transform(change), exponent.transform(change));
                    case Apply(Fn function, List<Node> arguments) ->
                        new Apply(function, transformed(arguments, change));
                    case Group(char open, List<Node> items, char close) ->
                        new Group(open, transformed(items, change), close);
                    case FiniteSet(List<Node> items) -> new FiniteSet(transformed(items, change));
                    case Listing(List<Node> items) -> new Listing(transformed(items, change));
                    case Relation(List<Node> members, List<Relator> relators) ->
                        new Relation(transformed(members, change), relators);
                    case Quantity(Node value, Unit unit) -> new Quantity(value.transform(change), unit);
                    case Ratio(List<Node> parts) -> new Ratio(transformed(parts, change));
                    case SetOperation(char operator, Node left, Node right) ->
                        new SetOperation(operator, left.transform(change), right.transform(change));
                    case Matrix(List<List<Node>> rows) ->
                        new Matrix(rows.stream()
                                .map(row -> transformed(row, change))
                                .toList());
                    case Num num -> this;
                    case Name name -> this;
                    case Constant constant -> this;
                    case Numeral numeral -> this;
                    case Clock clock -> this;
                    case Day day -> this;
                    case Word word -> this;
                });
    }

    /** The same tree with one node in the place of another. */
    default Node replace(Node old, Node by) {
        return transform(node -> node.equals(old) ? by : node);
    }

    private static List<Node> transformed(List<Node> nodes, UnaryOperator<Node> change) {
        return nodes.stream().map(node -> node.transform(change)).toList();
    }
}
