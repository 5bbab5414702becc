// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Rational;
import java.util.ArrayList;
import java.util.List;

/** {@code 1, 2, …, 10}: three dots between whole numbers of one step stand for those between; anywhere else they are a name like any other. */
final class Ellipses {

    static final Node ELLIPSIS = new Node.Name("…");

    /** Longer rows stay as they are written. */
    private static final int MOST_ITEMS = 1000;

    private Ellipses() {}

    /** The items with their dots written out where they can be. */
    static List<Node> writtenOut(List<Node> items) {
        int dots = items.indexOf(ELLIPSIS);
        if (dots < 2
                || dots != items.lastIndexOf(ELLIPSIS)
                || dots == items.size() - 1
                || !(items.get(dots - 2) instanceof Node.Num(Rational first))
                || !(items.get(dots - 1) instanceof Node.Num(Rational second))
                || !(items.get(dots + 1) instanceof Node.Num(Rational last))) {
            return items;
        }
        Rational step = second.minus(first);
        if (!first.isInt() || !second.isInt() || !last.isInt() || step.signum() == 0) {
            return items;
        }
        Rational count = last.minus(second).over(step);
        if (!count.isWhole() || count.signum() <= 0 || count.compareTo(Rational.of(MOST_ITEMS)) > 0) {
            return items;
        }
        List<Node> all = new ArrayList<>(items.subList(0, dots));
        for (Rational next = second.plus(step); !next.equals(last); next = next.plus(step)) {
            all.add(new Node.Num(next));
        }
        all.addAll(items.subList(dots + 1, items.size()));
        return List.copyOf(all);
    }
}
