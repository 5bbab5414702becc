// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Relator;
import dev.jacobian.rl.math.expression.Scalars;
import dev.jacobian.rl.math.expression.Work;
import java.util.List;
import java.util.Optional;

/**
 * Sets of real numbers in every dress: intervals and their unions, inequalities in one variable, {@code x ≠ 2}, all reals.
 *
 * <p>{@code (2,5)} alone is a point or an interval; it is an interval here if the other side is one beyond doubt.
 */
final class Regions {

    private static final Node MINUS_INFINITY = Node.negative(Constant.INFINITY);

    private final Work work;

    Regions(Work work) {
        this.work = work;
    }

    /** A set, and the variable that was named with it: empty if none was. */
    private record Region(String variable, RealSet set) {}

    /** Whether a node can be nothing but a set of reals. */
    boolean isRegion(Node node) {
        return switch (node) {
            case Node.SetOperation operation -> true;
            case Constant constant -> constant == Constant.REALS || constant == Constant.EMPTY_SET;
            case Node.Relation(List<Node> members, List<Relator> relators) ->
                relators.stream()
                        .anyMatch(
                                relator -> relator.isOrder() || relator == Relator.IN || relator == Relator.NOT_EQUAL);
            case Node.Group(char open, List<Node> items, char close) ->
                items.size() == 2 && items.stream().anyMatch(Regions::isInfinite);
            case Node.Listing(List<Node> items) ->
                items.stream().allMatch(item -> item instanceof Node.Relation && isRegion(item));
            default -> false;
        };
    }

    private static boolean isInfinite(Node node) {
        return node == Constant.INFINITY || node.equals(MINUS_INFINITY);
    }

    /** Whether two sets are the same; empty if one of them is no set of reals that this can read. */
    Optional<Boolean> same(Node gold, Node answer) {
        Optional<Region> a = region(gold);
        Optional<Region> b = region(answer);
        if (a.isEmpty() || b.isEmpty()) {
            return Optional.empty();
        }
        String first = a.get().variable();
        String second = b.get().variable();
        if (!first.isEmpty() && !second.isEmpty() && !first.equals(second)) {
            return Optional.of(false);
        }
        return Optional.of(Cells.areEqual(a.get().set(), b.get().set(), work));
    }

    private Optional<Region> region(Node node) {
        return switch (node) {
            case Constant constant when constant == Constant.REALS -> Optional.of(new Region("", new RealSet.All()));
            case Constant constant
            when constant == Constant.EMPTY_SET -> Optional.of(new Region("", new RealSet.Points(List.of())));
            case Node.FiniteSet(List<Node> items) -> Optional.of(new Region("", new RealSet.Points(items)));
            case Node.Group(char open, List<Node> items, char close)
            when items.size() == 2 ->
                Optional.of(new Region(
                        "",
                        new RealSet.Interval(
                                items.get(0),
                                open == '[' && !isInfinite(items.get(0)),
                                items.get(1),
                                close == ']' && !isInfinite(items.get(1)))));
            case Node.SetOperation(char operator, Node left, Node right) ->
                region(left).flatMap(a -> region(right).flatMap(b -> combined(operator, a, b)));
            case Node.Relation relation -> condition(relation);
            case Node.Listing(List<Node> items) -> conditions(items);
            default -> Optional.empty();
        };
    }

    /** Empty if they are about two variables. */
    private static Optional<Region> combined(char operator, Region a, Region b) {
        if (!a.variable().isEmpty() && !b.variable().isEmpty() && !a.variable().equals(b.variable())) {
            return Optional.empty();
        }
        return Optional.of(new Region(
                a.variable().isEmpty() ? b.variable() : a.variable(),
                new RealSet.Combined(operator, a.set(), b.set())));
    }

    /** Conditions with commas hold together if they can; x < -1, x > 1 cannot. */
    private Optional<Region> conditions(List<Node> items) {
        Optional<Region> together = region(items.getFirst());
        Optional<Region> either = together;
        for (Node item : items.subList(1, items.size())) {
            Optional<Region> next = region(item);
            together = together.flatMap(a -> next.flatMap(b -> combined('∩', a, b)));
            either = either.flatMap(a -> next.flatMap(b -> combined('∪', a, b)));
        }
        return together.isPresent() && Cells.isEmpty(together.get().set(), work) ? either : together;
    }

    private Optional<Region> condition(Node.Relation relation) {
        List<Node> members = relation.members();
        List<Relator> relators = relation.relators();
        if (relators.size() == 1) {
            return single(members.get(0), relators.getFirst(), members.get(1));
        }
        Optional<Region> all = Optional.empty();
        for (int k = 0; k < relators.size(); k++) {
            Optional<Region> one = single(members.get(k), relators.get(k), members.get(k + 1));
            if (one.isEmpty()) {
                return Optional.empty();
            }
            all = all.isEmpty() ? one : all.flatMap(a -> combined('∩', a, one.get()));
        }
        return all;
    }

    private Optional<Region> single(Node left, Relator relator, Node right) {
        if (left instanceof Node.Name(String name) && relator == Relator.IN) {
            return region(right).map(region -> new Region(name, region.set()));
        }
        if (left instanceof Node.Name(String name) && isClosed(right)) {
            return Optional.of(new Region(name, bounded(relator, right)));
        }
        if (right instanceof Node.Name(String name) && isClosed(left)) {
            return Optional.of(new Region(name, bounded(relator.flipped(), left)));
        }
        if (left instanceof Node.Apply(Fn function, List<Node> arguments) && function == Fn.ABS && isClosed(right)) {
            return around(arguments.getFirst(), relator, right);
        }
        return linear(left, relator, right);
    }

    private static boolean isClosed(Node node) {
        return !node.contains(n -> n instanceof Node.Name);
    }

    private static RealSet bounded(Relator relator, Node bound) {
        RealSet point = new RealSet.Points(List.of(bound));
        return switch (relator) {
            case LESS -> new RealSet.Interval(MINUS_INFINITY, false, bound, false);
            case LESS_EQUAL -> new RealSet.Interval(MINUS_INFINITY, false, bound, true);
            case GREATER -> new RealSet.Interval(bound, false, Constant.INFINITY, false);
            case GREATER_EQUAL -> new RealSet.Interval(bound, true, Constant.INFINITY, false);
            case NOT_EQUAL -> new RealSet.Combined('∖', new RealSet.All(), point);
            default -> point;
        };
    }

    /** |x - b| < a is -a < x - b < a. */
    private Optional<Region> around(Node inner, Relator relator, Node bound) {
        boolean inside = relator == Relator.LESS || relator == Relator.LESS_EQUAL;
        if (!relator.isOrder()) {
            return Optional.empty();
        }
        Optional<Region> above = single(inner, relator, bound);
        Optional<Region> below = single(inner, relator.flipped(), Node.negative(bound));
        return above.flatMap(a -> below.flatMap(b -> combined(inside ? '∩' : '∪', a, b)));
    }

    /** ax + b < c with rational numbers. */
    private Optional<Region> linear(Node left, Relator relator, Node right) {
        Node difference = Node.difference(left, right);
        Optional<String> name = onlyName(difference);
        if (name.isEmpty() || relator == Relator.IN || relator == Relator.CONGRUENT) {
            return Optional.empty();
        }
        Node variable = new Node.Name(name.get());
        Optional<Rational> at0 = Scalars.rational(difference.replace(variable, Node.ZERO), work);
        Optional<Rational> at1 = Scalars.rational(difference.replace(variable, Node.ONE), work);
        if (at0.isEmpty() || at1.isEmpty()) {
            return Optional.empty();
        }
        Rational slope = at1.get().minus(at0.get());
        Node line = Node.sum(Node.product(new Node.Num(slope), variable), new Node.Num(at0.get()));
        if (slope.signum() == 0 || !Scalars.equal(line, difference, work)) {
            return Optional.empty();
        }
        Rational bound = at0.get().negate().over(slope);
        return Optional.of(
                new Region(name.get(), bounded(slope.signum() < 0 ? relator.flipped() : relator, new Node.Num(bound))));
    }

    private static Optional<String> onlyName(Node node) {
        java.util.TreeSet<String> names = new java.util.TreeSet<>();
        node.contains(n -> {
            if (n instanceof Node.Name(String name)) {
                names.add(name);
            }
            return false;
        });
        return names.size() == 1 ? Optional.of(names.first()) : Optional.empty();
    }
}
