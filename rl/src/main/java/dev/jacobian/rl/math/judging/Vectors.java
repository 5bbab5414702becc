// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import java.util.List;
import java.util.Optional;

/** Matrices that were written as lists of rows, and columns that were written as tuples. */
final class Vectors {

    private Vectors() {}

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
