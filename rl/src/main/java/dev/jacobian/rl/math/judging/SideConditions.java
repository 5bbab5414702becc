// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Relator;
import java.util.List;
import java.util.Optional;

/**
 * {@code x = π/4 + kπ, k ∈ ℤ}: what is said of a parameter beside the answer is no second answer.
 *
 * @param answer what is left without it
 * @param parameter the name that it was said of
 * @param domain where the parameter may lie
 */
record SideConditions(Node answer, Optional<Node> parameter, Optional<Node> domain) {

    static SideConditions of(Node node) {
        if (!(node instanceof Node.Listing(List<Node> items)) || items.size() < 2 || !isCondition(items.getLast())) {
            return none(node);
        }
        List<Node> kept = items.subList(0, items.size() - 1);
        Node.Relation condition = (Node.Relation) items.getLast();
        Node parameter = condition.members().getFirst();
        boolean used = kept.stream().allMatch(item -> item.contains(parameter::equals) && !isAbout(item, parameter));
        return used
                ? new SideConditions(
                        kept.size() == 1 ? kept.getFirst() : new Node.Listing(kept),
                        Optional.of(parameter),
                        Optional.of(condition.members().getLast()))
                : none(node);
    }

    private static SideConditions none(Node node) {
        return new SideConditions(node, Optional.empty(), Optional.empty());
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
