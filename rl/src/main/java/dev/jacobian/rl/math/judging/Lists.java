// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import java.util.ArrayList;
import java.util.List;

/** Sets, lists of answers, and what plus-minus stands for; also tuples whose brackets were left out. */
final class Lists {

    private final Judge judge;

    Lists(Judge judge) {
        this.judge = judge;
    }

    static boolean isSeveral(Node node) {
        return node instanceof Node.Listing || node instanceof Node.FiniteSet || hasSign(node);
    }

    private static boolean hasSign(Node node) {
        return node.contains(n -> n == Constant.SIGN);
    }

    boolean same(Node gold, Node answer) {
        if (gold instanceof Node.Group(char open, List<Node> items, char close) && !hasSign(gold)) {
            return answer instanceof Node.Listing(List<Node> parts) && judge.sameInOrder(items, values(parts));
        }
        if (gold instanceof Node.Listing(List<Node> parts)
                && answer instanceof Node.Group(char open, List<Node> items, char close)
                && !hasSign(answer)) {
            return judge.sameInOrder(parts, items);
        }
        if (gold instanceof Node.FiniteSet && answer instanceof Node.Group) {
            return false;
        }
        if (Assignments.of(gold).isPresent() && Assignments.of(answer).isPresent()) {
            return sameElements(
                    Assignments.of(gold).get(), Assignments.of(answer).get());
        }
        return sameElements(elements(gold), elements(answer));
    }

    /** {@code x = 1, y = 2} for (1, 2). */
    private static List<Node> values(List<Node> parts) {
        boolean all = parts.stream()
                .allMatch(part -> part instanceof Node.Relation(List<Node> members, var relators)
                        && members.size() == 2
                        && members.getFirst() instanceof Node.Name);
        return all
                ? parts.stream()
                        .map(part -> ((Node.Relation) part).members().get(1))
                        .toList()
                : parts;
    }

    private boolean sameElements(List<Node> gold, List<Node> answer) {
        return answer.stream().allMatch(a -> gold.stream().anyMatch(g -> judge.same(g, a)))
                && gold.stream().allMatch(g -> answer.stream().anyMatch(a -> judge.same(g, a)));
    }

    private static List<Node> elements(Node node) {
        List<Node> elements = new ArrayList<>();
        List<Node> items = switch (node) {
            case Node.Listing(List<Node> parts) -> shared(parts);
            case Node.FiniteSet(List<Node> parts) -> parts;
            case Constant constant when constant == Constant.EMPTY_SET -> List.of();
            default -> List.of(node);
        };
        for (Node item : items) {
            if (item instanceof Node.Relation(List<Node> members, var relators)
                    && items.size() == 1
                    && members.size() == 2
                    && members.getLast() instanceof Node.FiniteSet set) {
                elements.addAll(elements(set));
            } else if (hasSign(item)) {
                elements.add(item.replace(Constant.SIGN, Node.ONE));
                elements.add(item.replace(Constant.SIGN, Node.MINUS_ONE));
            } else {
                elements.add(item);
            }
        }
        return elements;
    }

    /** In {@code x = 1, 2} the name belongs to all that follow. */
    private static List<Node> shared(List<Node> parts) {
        if (parts.getFirst() instanceof Node.Relation(List<Node> members, var relators)
                && members.size() == 2
                && members.getFirst() instanceof Node.Name
                && parts.stream().skip(1).noneMatch(Node.Relation.class::isInstance)) {
            List<Node> all = new ArrayList<>(parts);
            all.set(0, members.get(1));
            return all;
        }
        return parts;
    }
}
