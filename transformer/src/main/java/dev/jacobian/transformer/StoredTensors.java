// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Layout;
import dev.jacobian.transformer.plan.TensorSpec;
import dev.jacobian.transformer.plan.TensorSpec.Kind;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** From the tensors of a checkpoint to those of a model and back, by their {@link Layout}. */
final class StoredTensors {
    private StoredTensors() {}

    /**
     * The tensor of the model out of the stored one, or of experts out of several.
     *
     * @param read gives a stored tensor by name
     */
    static Tensor take(TensorSpec spec, Function<String, Tensor> read) {
        Layout layout = spec.layout();
        if (layout.isPlain(spec)) {
            return read.apply(layout.stored());
        }
        if (!spec.kind().isStack() && layout.isWhole(spec)) {
            return upright(layout, read.apply(layout.stored()));
        }
        Tensor taken = Tensor.zeros(spec.shape());
        if (layout.isSplit()) {
            for (int expert = 0; expert < experts(spec); expert++) {
                takeRows(spec, upright(layout, read.apply(layout.stored(expert))), taken, expert);
            }
            return taken;
        }
        Tensor stored = read.apply(layout.stored());
        for (int expert = 0; expert < experts(spec); expert++) {
            Tensor own = spec.kind().isStack() ? stored.select(0, expert) : stored;
            takeRows(spec, upright(layout, own), taken, expert);
        }
        return taken;
    }

    /** Copies the tensor's rows out of the dense stored ones. */
    private static void takeRows(TensorSpec spec, Tensor stored, Tensor taken, int expert) {
        int width = spec.rowElements();
        int to = expert * spec.rows() * width;
        for (int row = 0; row < spec.rows(); row++) {
            int from = stored.offset() + spec.layout().row(row) * width;
            System.arraycopy(stored.floats(), from, taken.floats(), to + row * width, width);
        }
    }

    /** How many stored matrices make up a tensor. */
    private static int experts(TensorSpec spec) {
        return spec.kind().isStack() ? spec.extents().getFirst() : 1;
    }

    /**
     * Puts the tensors of a model together as a checkpoint stores them.
     *
     * @param specs of the plan, all that share a stored tensor
     * @param values the model's tensors, or others of their shapes such as gradients
     * @param stored receives each name and tensor, in the order of the plan
     */
    static void put(List<TensorSpec> specs, Function<TensorSpec, Tensor> values, BiConsumer<String, Tensor> stored) {
        Map<String, List<TensorSpec>> sharing = new LinkedHashMap<>();
        for (TensorSpec spec : specs) {
            sharing.computeIfAbsent(spec.layout().stored(), name -> new ArrayList<>())
                    .add(spec);
        }
        sharing.forEach((name, together) -> putTogether(together, values, stored));
    }

    private static void putTogether(
            List<TensorSpec> specs, Function<TensorSpec, Tensor> values, BiConsumer<String, Tensor> stored) {
        TensorSpec first = specs.getFirst();
        Layout layout = first.layout();
        if (layout.isPlain(first)) {
            stored.accept(layout.stored(), values.apply(first));
            return;
        }
        List<float[]> parts =
                specs.stream().map(spec -> values.apply(spec).toFloatArray()).toList();
        if (layout.isSplit()) {
            for (int expert = 0; expert < experts(first); expert++) {
                stored.accept(layout.stored(expert), put(specs, parts, expert));
            }
        } else if (first.kind().isStack()) {
            int[] extents =
                    layout.extents(first).stream().mapToInt(Integer::intValue).toArray();
            Tensor whole = Tensor.zeros(extents); // [E, ...]
            for (int expert = 0; expert < experts(first); expert++) {
                whole.select(0, expert).copyFrom(put(specs, parts, expert));
            }
            stored.accept(layout.stored(), whole);
        } else {
            stored.accept(layout.stored(), put(specs, parts, 0));
        }
    }

    /** Puts the rows of tensors that share a stored one below each other. */
    private static Tensor put(List<TensorSpec> specs, List<float[]> parts, int expert) {
        TensorSpec first = specs.getFirst();
        Layout layout = first.layout();
        int width = first.rowElements();
        boolean isVector = layout.extents(first).size() == (first.kind().isStack() && !layout.isSplit() ? 2 : 1);
        Tensor rows = isVector
                ? Tensor.zeros(layout.rows())
                : first.kind() == Kind.TAPS
                        ? Tensor.zeros(layout.rows(), 1, width)
                        : Tensor.zeros(layout.rows(), width);
        for (int i = 0; i < specs.size(); i++) {
            TensorSpec spec = specs.get(i);
            int from = expert * spec.rows() * width;
            for (int row = 0; row < spec.rows(); row++) {
                System.arraycopy(
                        parts.get(i),
                        from + row * width,
                        rows.floats(),
                        spec.layout().row(row) * width,
                        width);
            }
        }
        return upright(layout, rows);
    }

    /** Turns a matrix that is stored lying. */
    private static Tensor upright(Layout layout, Tensor stored) {
        return switch (layout.order()) {
            case PLAIN -> stored.contiguous();
            case TRANSPOSED -> stored.t().contiguous();
        };
    }
}
