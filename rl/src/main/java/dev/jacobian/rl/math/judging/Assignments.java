// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Relator;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;

/** {@code (x, y) = (1, 2)} and {@code x = 1, y = 2} as the same list of equations. */
final class Assignments {

    private Assignments() {}

    static Optional<List<Node>> of(Node node) {
        if (node instanceof Node.Listing(List<Node> parts)) {
            return parts.stream().allMatch(Assignments::isAssignment) ? Optional.of(parts) : Optional.empty();
        }
        if (node instanceof Node.Relation(List<Node> members, List<Relator> relators)
                && members.size() == 2
                && relators.getFirst() == Relator.EQUAL
                && members.get(0) instanceof Node.Group(char open, List<Node> names, char close)
                && members.get(1) instanceof Node.Group(char left, List<Node> values, char right)
                && names.size() == values.size()
                && names.stream().allMatch(Node.Name.class::isInstance)) {
            List<Node> equations = new ArrayList<>();
            for (int k = 0; k < names.size(); k++) {
                equations.add(new Node.Relation(List.of(names.get(k), values.get(k)), relators));
            }
            return Optional.of(equations);
        }
        return Optional.empty();
    }

    /**
     * {@code x = 1, y = 2} for (1, 2), in whatever order they stand: a tuple of coordinates goes by the alphabet. The parts themselves if they are
     * no assignments to different letters.
     */
    static List<Node> values(List<Node> parts) {
        TreeMap<String, Node> values = new TreeMap<>();
        for (Node part : parts) {
            if (!isAssignment(part)
                    || values.put(name(part), ((Node.Relation) part).members().get(1)) != null) {
                return parts;
            }
        }
        return List.copyOf(values.values());
    }

    /** {@code x_1 = 2, x_2 = -3} as two values of x, if the reference has values of x alone. */
    static List<Node> withoutIndices(Node gold, Node answer) {
        List<Node> equations = of(answer).orElseThrow();
        List<String> names = of(gold).orElseThrow().stream()
                .map(Assignments::name)
                .distinct()
                .toList();
        boolean indexed = names.size() == 1
                && equations.stream().allMatch(equation -> name(equation).matches(names.getFirst() + "_\\d"));
        return indexed
                ? equations.stream()
                        .map(equation -> (Node) new Node.Relation(
                                List.of(
                                        new Node.Name(names.getFirst()),
                                        ((Node.Relation) equation).members().get(1)),
                                List.of(Relator.EQUAL)))
                        .toList()
                : equations;
    }

    private static String name(Node assignment) {
        return ((Node.Name) ((Node.Relation) assignment).members().getFirst()).name();
    }

    private static boolean isAssignment(Node node) {
        return node instanceof Node.Relation(List<Node> members, List<Relator> relators)
                && members.size() == 2
                && relators.getFirst() == Relator.EQUAL
                && members.getFirst() instanceof Node.Name;
    }
}
