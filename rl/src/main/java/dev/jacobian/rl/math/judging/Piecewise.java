// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Relator;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Values by cases, each a pair of value and condition. */
final class Piecewise {

    private static final Node OTHERWISE = new Node.Name("otherwise");

    private Piecewise() {}

    /**
     * The cases of the answer with the condition that its "otherwise" stands for, or that "otherwise" in the place of the condition that the
     * reference calls so: the one that is left when the others have found theirs. Empty if not exactly one of the two says otherwise.
     */
    static Optional<List<Node>> withoutOtherwise(Node gold, Node answer, Judge judge) {
        if (!(gold instanceof Node.Listing(List<Node> meant))
                || !(answer instanceof Node.Listing(List<Node> given))
                || meant.size() != given.size()
                || !areCases(meant)
                || !areCases(given)
                || rest(meant) >= 0 == rest(given) >= 0) {
            return Optional.empty();
        }
        List<Node> named = rest(meant) >= 0 ? given : meant;
        List<Node> open = rest(meant) >= 0 ? meant : given;
        int rest = rest(open);
        List<Node> left = new ArrayList<>(named);
        for (int k = 0; k < open.size(); k++) {
            Node condition = condition(open.get(k));
            if (k != rest) {
                left.removeIf(other -> judge.same(condition, condition(other)));
            }
        }
        if (left.size() != 1) {
            return Optional.empty();
        }
        List<Node> completed = new ArrayList<>(given);
        if (open == given) {
            completed.set(rest, pair(given.get(rest), condition(left.getFirst())));
        } else {
            int at = given.indexOf(left.getFirst());
            completed.set(at, pair(given.get(at), OTHERWISE));
        }
        return Optional.of(completed);
    }

    /** The cases of {@code f(x) = ...}, if the other side has cases without a name; else the node itself. */
    static Node ofFunction(Node node, Node other) {
        return other instanceof Node.Listing(List<Node> given)
                        && areCases(given)
                        && node instanceof Node.Relation(List<Node> members, List<Relator> relators)
                        && relators.equals(List.of(Relator.EQUAL))
                        && members.getLast() instanceof Node.Listing(List<Node> cases)
                        && areCases(cases)
                ? members.getLast()
                : node;
    }

    private static boolean areCases(List<Node> items) {
        return items.stream()
                .allMatch(item ->
                        item instanceof Node.Group(char open, List<Node> parts, char close) && parts.size() == 2);
    }

    private static int rest(List<Node> cases) {
        for (int k = 0; k < cases.size(); k++) {
            if (condition(cases.get(k)).equals(OTHERWISE)) {
                return k;
            }
        }
        return -1;
    }

    private static Node condition(Node row) {
        return ((Node.Group) row).items().get(1);
    }

    private static Node pair(Node row, Node condition) {
        return new Node.Group('(', List.of(((Node.Group) row).items().getFirst(), condition), ')');
    }
}
