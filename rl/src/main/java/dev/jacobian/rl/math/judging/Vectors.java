// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Scalars;
import dev.jacobian.rl.math.expression.Work;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Matrices that were written as lists of rows, columns that were written as tuples, tuples that were written as sums of unit vectors. */
final class Vectors {

    private static final Node J = new Node.Name("j");
    private static final Node K = new Node.Name("k");

    private Vectors() {}

    /** {@code 2i + 3j - k} as (2, 3, -1), if the other side is a tuple or a column; else the node itself. */
    static Node inComponents(Node node, Node other, Work work) {
        int size = dimensions(other);
        if (size < 2 || size > 3 || dimensions(node) > 0 || !node.contains(n -> n.equals(J) || n.equals(K))) {
            return node;
        }
        List<Node> components = new ArrayList<>();
        List<Node> terms = new ArrayList<>();
        for (Node unit : List.of(Constant.I, J, K)) {
            Node component = node.transform(n -> n.equals(unit) ? Node.ONE : isUnit(n) ? Node.ZERO : n);
            components.add(component);
            terms.add(Node.product(component, unit));
        }
        boolean isSum = Scalars.equal(node, new Node.Sum(List.copyOf(terms)), work)
                && (size == 3 || Scalars.equal(components.getLast(), Node.ZERO, work));
        return isSum ? new Node.Group('(', List.copyOf(components.subList(0, size)), ')') : node;
    }

    private static boolean isUnit(Node node) {
        return node == Constant.I || node.equals(J) || node.equals(K);
    }

    /** How many components a tuple, a row or a column has; 0 for anything else. */
    private static int dimensions(Node node) {
        return switch (node) {
            case Node.Group(char open, List<Node> items, char close) -> items.size();
            case Node.Matrix(List<List<Node>> rows) ->
                rows.size() == 1 || rows.getFirst().size() == 1
                        ? rows.size() * rows.getFirst().size()
                        : 0;
            default -> 0;
        };
    }

    /** The node as a matrix, in the shape that the other side has if a tuple leaves that open. */
    static Optional<Node> matrix(Node node, Node other) {
        if (!(node instanceof Node.Group(char open, List<Node> items, char close))) {
            return Optional.of(node);
        }
        if (items.stream().allMatch(Node.Group.class::isInstance)) {
            List<List<Node>> rows =
                    items.stream().map(item -> ((Node.Group) item).items()).toList();
            boolean even =
                    rows.stream().allMatch(row -> row.size() == rows.getFirst().size());
            return even ? Optional.of(new Node.Matrix(rows)) : Optional.empty();
        }
        boolean column = !(other instanceof Node.Matrix(List<List<Node>> rows))
                || rows.getFirst().size() == 1;
        return Optional.of(new Node.Matrix(column ? items.stream().map(List::of).toList() : List.of(items)));
    }
}
