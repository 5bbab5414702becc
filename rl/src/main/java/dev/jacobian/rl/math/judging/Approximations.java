// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Relator;
import dev.jacobian.rl.math.expression.Scalars;
import dev.jacobian.rl.math.expression.Work;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code x = 22/7 ≈ 3.14}: the exact value and the rounded one are the same answer, and the reference may be either. A value that is far from
 * the exact one rounds nothing: then neither was meant.
 */
final class Approximations {

    private static final long NEAR = 20;

    private Approximations() {}

    /** The node itself if nothing in it is rounded. */
    static List<Node> meanings(Node node, Work work) {
        if (!(node instanceof Node.Relation(List<Node> members, List<Relator> relators))
                || !relators.contains(Relator.APPROXIMATE)) {
            return List.of(node);
        }
        int first = relators.indexOf(Relator.APPROXIMATE);
        Node exact = members.get(first);
        Node rounded = members.getLast();
        if (!areNear(exact, rounded, work)) {
            return List.of();
        }
        List<Node> meanings = new ArrayList<>();
        if (first > 0) {
            meanings.add(new Node.Relation(members.subList(0, first + 1), relators.subList(0, first)));
        } else if (!(exact instanceof Node.Name)) {
            meanings.add(exact);
        }
        Node named = members.getFirst();
        meanings.add(
                named instanceof Node.Name
                        ? new Node.Relation(List.of(named, rounded), List.of(Relator.EQUAL))
                        : rounded);
        return meanings;
    }

    /** Whether two numbers differ by little; what is no number is not held against the answer. */
    private static boolean areNear(Node exact, Node rounded, Work work) {
        try {
            Node difference = Node.apply(Fn.ABS, Node.difference(exact, rounded));
            return Scalars.compare(Node.product(Node.number(NEAR), difference), Node.apply(Fn.ABS, exact), work)
                    .map(order -> order <= 0)
                    .orElse(true);
        } catch (MathProblem.NotScalar | MathProblem.Undefined e) {
            return true;
        }
    }
}
