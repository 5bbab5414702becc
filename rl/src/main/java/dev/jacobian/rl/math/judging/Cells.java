// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Scalars;
import dev.jacobian.rl.math.expression.Work;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The real line cut at every number that two sets mention: gaps at even cells, numbers at odd ones. A set made of intervals is a union of
 * cells, so two sets are equal if they have the same cells.
 */
final class Cells {

    private final List<Node> ends = new ArrayList<>();
    private final Map<Node, Integer> known = new HashMap<>();
    private final Work work;

    private Cells(Work work) {
        this.work = work;
    }

    static boolean areEqual(RealSet a, RealSet b, Work work) {
        Cells cells = new Cells(work);
        a.forEachEnd(cells::add);
        b.forEachEnd(cells::add);
        for (int cell = 0; cell <= 2 * cells.ends.size(); cell++) {
            work.spend(10);
            if (a.contains(cell, cells) != b.contains(cell, cells)) {
                return false;
            }
        }
        return true;
    }

    static boolean isEmpty(RealSet set, Work work) {
        return areEqual(set, new RealSet.Points(List.of()), work);
    }

    /** Inserts by comparison; a number that is there already is not there twice. */
    private void add(Node end) {
        if (isInfinite(end)) {
            return;
        }
        int from = 0;
        while (from < ends.size()) {
            int order = compare(ends.get(from), end);
            if (order == 0) {
                return;
            }
            if (order > 0) {
                break;
            }
            from++;
        }
        ends.add(from, end);
    }

    private int compare(Node a, Node b) {
        return Scalars.compare(a, b, work).orElseThrow(() -> new MathProblem.NotScalar("no real number"));
    }

    /** The cell of a number; those of the infinities are outside. */
    int of(Node end) {
        if (end == Constant.INFINITY) {
            return Integer.MAX_VALUE;
        }
        if (isInfinite(end)) {
            return Integer.MIN_VALUE;
        }
        return known.computeIfAbsent(end, node -> {
            int index = 0;
            while (compare(ends.get(index), node) != 0) {
                index++;
            }
            return 2 * index + 1;
        });
    }

    private static boolean isInfinite(Node end) {
        return end == Constant.INFINITY || end.equals(Node.negative(Constant.INFINITY));
    }
}
