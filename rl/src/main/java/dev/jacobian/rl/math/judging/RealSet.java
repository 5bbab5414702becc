// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import java.util.List;
import java.util.function.Consumer;

/** A set of real numbers as it was written. Two of them are compared cell by cell ({@link Cells}), so none needs to be simplified. */
sealed interface RealSet {

    record Interval(Node from, boolean includesFrom, Node to, boolean includesTo) implements RealSet {}

    record Points(List<Node> points) implements RealSet {}

    record All() implements RealSet {}

    /** Of '∪', '∩' and '∖'. */
    record Combined(char operator, RealSet left, RealSet right) implements RealSet {}

    /** Every end and point that occurs. */
    default void forEachEnd(Consumer<Node> action) {
        switch (this) {
            case Interval interval -> {
                action.accept(interval.from());
                action.accept(interval.to());
            }
            case Points(List<Node> points) -> points.forEach(action);
            case Combined(char operator, RealSet left, RealSet right) -> {
                left.forEachEnd(action);
                right.forEachEnd(action);
            }
            case All() -> {}
        }
    }

    /** Whether a cell is in the set. */
    default boolean contains(int cell, Cells cells) {
        return switch (this) {
            case Interval interval -> {
                int from = cells.of(interval.from());
                int to = cells.of(interval.to());
                yield (from < cell || from == cell && interval.includesFrom())
                        && (cell < to || cell == to && interval.includesTo());
            }
            case Points(List<Node> points) -> points.stream().anyMatch(point -> cells.of(point) == cell);
            case Combined(char operator, RealSet left, RealSet right) ->
                switch (operator) {
                    case '∪' -> left.contains(cell, cells) || right.contains(cell, cells);
                    case '∩' -> left.contains(cell, cells) && right.contains(cell, cells);
                    default -> left.contains(cell, cells) && !right.contains(cell, cells);
                };
            case All() -> true;
        };
    }
}
