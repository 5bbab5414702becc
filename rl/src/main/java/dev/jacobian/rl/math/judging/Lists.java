// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

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
            return answer instanceof Node.Listing(List<Node> parts)
                    && isTuple(open, items, close)
                    && judge.sameInOrder(items, Assignments.values(parts));
        }
        if (gold instanceof Node.Listing(List<Node> parts)
                && answer instanceof Node.Group(char open, List<Node> items, char close)
                && !hasSign(answer)) {
            return isTuple(open, items, close) && judge.sameInOrder(parts, items);
        }
        if (gold instanceof Node.FiniteSet && answer instanceof Node.Group) {
            return false;
        }
        if (Assignments.of(gold).isPresent() && Assignments.of(answer).isPresent()) {
            return sameElements(Assignments.of(gold).get(), Assignments.withoutIndices(gold, answer));
        }
        Optional<List<Node>> completed = Piecewise.withoutOtherwise(gold, answer, judge);
        if (completed.isPresent()) {
            return sameItems(elements(gold), completed.get());
        }
        if (!isSeveral(gold) && isOneSaidTwice(gold, answer)) {
            return true;
        }
        boolean listed = gold instanceof Node.Listing || !isSeveral(gold) && answer instanceof Node.Listing;
        return listed && !hasSign(answer)
                ? sameItems(elements(gold), elements(answer))
                : sameElements(elements(gold), elements(answer));
    }

    /** {@code 3/2 or 1.5}: one value in two forms. */
    private boolean isOneSaidTwice(Node gold, Node answer) {
        return answer instanceof Node.Listing(List<Node> items)
                && items.size() == 2
                && !items.getFirst().equals(items.getLast())
                && items.stream().allMatch(item -> judge.same(gold, item));
    }

    /** What may go without its brackets; an interval may not. */
    private static boolean isTuple(char open, List<Node> items, char close) {
        return open == '(' && close == ')' || items.size() > 2;
    }

    /** The same answers in any order, each as often as on the other side: a list of three is no list of two. */
    private boolean sameItems(List<Node> gold, List<Node> answer) {
        List<Node> open = new ArrayList<>(answer);
        return gold.size() == answer.size() && gold.stream().allMatch(g -> takeOne(open, g));
    }

    private boolean takeOne(List<Node> open, Node gold) {
        for (int k = 0; k < open.size(); k++) {
            if (judge.same(gold, open.get(k))) {
                open.remove(k);
                return true;
            }
        }
        return false;
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
