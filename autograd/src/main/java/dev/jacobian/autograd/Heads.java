// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.HeadRun;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;

/** Putting the heads of attention together of parts that were computed apart, and taking parts out of them. */
public final class Heads {
    private Heads() {}

    /**
     * The first elements of heads, or the next after those of the part before.
     *
     * @param rows [N, heads · width]
     * @param heads as many as there are to be, or 1 for a part that all share
     */
    public record Part(Var rows, int heads) {
        int width() {
            return rows.value().extent(1) / heads;
        }
    }

    /**
     * Heads of so many elements: those of each part one after the other, then zeros. Gradients go to the parts, that of a shared
     * one added up over heads in order.
     *
     * @param width elements of a head, at least those of all parts
     * @return [N, heads · width]
     */
    public static Var join(int heads, int width, Part... parts) {
        int used = Arrays.stream(parts).mapToInt(Part::width).sum();
        Var first = parts[0].rows;
        int n = first.value().extent(0);
        for (Part part : parts) {
            Shapes.require("join", part.rows.name(), part.rows.value(), n, part.heads * part.width());
            if (part.heads != 1 && part.heads != heads || used > width) {
                throw new IllegalArgumentException("join: " + part.heads + " heads of " + part.width()
                        + " elements do not fit into " + heads + " of " + width);
            }
        }
        Tensor out = first.like(n, heads * width); // [N, heads · width]
        if (used < width) {
            out.fill(0f);
        }
        int at = 0;
        for (Part part : parts) {
            HeadRun source = new HeadRun(part.heads, part.width(), 0);
            first.backend()
                    .rows()
                    .copyHeads(part.width(), part.rows.value(), source, out, new HeadRun(heads, width, at));
            at += part.width();
        }
        Var[] inputs = Arrays.stream(parts).map(Part::rows).toArray(Var[]::new);
        return Operation.of("join", inputs).result(out, dOut -> {
            int from = 0;
            for (Part part : parts) {
                Tensor dRows = part.rows.like(); // [N, heads · width] of the part
                HeadRun source = new HeadRun(heads, width, from);
                HeadRun target = new HeadRun(part.heads, part.width(), 0);
                part.rows.backend().rows().copyHeads(part.width(), dOut, source, dRows, target);
                part.rows.give(dRows);
                from += part.width();
            }
        });
    }

    /**
     * The first elements of each head. The others' gradient is 0.
     *
     * @param x [N, heads · width]
     * @return [N, heads · count]
     */
    public static Var first(Var x, int heads, int count) {
        Shapes.requireRank("first", "x", x.value(), 2);
        int width = x.value().extent(1) / heads;
        HeadRun whole = new HeadRun(heads, width, 0);
        HeadRun part = new HeadRun(heads, count, 0);
        Tensor out = x.like(x.value().extent(0), heads * count); // [N, heads · count]
        x.backend().rows().copyHeads(count, x.value(), whole, out, part);
        return Operation.of("first", x).result(out, dOut -> {
            Tensor dX = x.like(); // [N, heads · width]
            dX.fill(0f);
            x.backend().rows().copyHeads(count, dOut, part, dX, whole);
            x.give(dX);
        });
    }
}
