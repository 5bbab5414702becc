// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Relator;
import java.util.List;

/** {@code x = π/4 + kπ, k ∈ ℤ}: what is said of a parameter beside the answer is no second answer. */
final class SideConditions {

    private SideConditions() {}

    static Node without(Node node) {
        if (!(node instanceof Node.Listing(List<Node> items)) || items.size() < 2 || !isCondition(items.getLast())) {
            return node;
        }
        List<Node> kept = items.subList(0, items.size() - 1);
        Node parameter = ((Node.Relation) items.getLast()).members().getFirst();
        boolean used = kept.stream().allMatch(item -> item.contains(parameter::equals) && !isAbout(item, parameter));
        return !used ? node : kept.size() == 1 ? kept.getFirst() : new Node.Listing(kept);
    }

    private static boolean isCondition(Node node) {
        return node instanceof Node.Relation(List<Node> members, List<Relator> relators)
                && members.size() == 2
                && relators.getFirst() == Relator.IN
                && members.getFirst() instanceof Node.Name
                && members.getLast() instanceof Constant;
    }

    private static boolean isAbout(Node item, Node parameter) {
        return item instanceof Node.Relation(List<Node> members, List<Relator> relators)
                && members.getFirst().equals(parameter);
    }
}
