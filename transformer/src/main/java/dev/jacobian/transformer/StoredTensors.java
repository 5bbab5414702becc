// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Layout;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;
import java.util.function.Function;

/** From the tensors of a checkpoint to those of a model and back, by their {@link Layout}. */
final class StoredTensors {
    private StoredTensors() {}

    /** The tensor of the model out of the stored one. */
    static Tensor take(TensorSpec spec, Tensor stored) {
        Layout layout = spec.layout();
        if (layout.isPlain(spec)) {
            return stored;
        }
        Tensor rows = upright(layout, stored); // [rows of all that share it, ...]
        if (layout.isWhole(spec)) {
            return rows;
        }
        Tensor taken = Tensor.zeros(spec.shape());
        int width = width(spec);
        for (int row = 0; row < spec.extents().getFirst(); row++) {
            System.arraycopy(rows.floats(), layout.row(row) * width, taken.floats(), row * width, width);
        }
        return taken;
    }

    /**
     * Puts the tensors of a model together as a checkpoint stores them.
     *
     * @param values the model's tensors, or others of their shapes such as gradients
     * @param stored receives each name and tensor, in the order of the plan
     */
    static void put(DecoderPlan plan, Function<TensorSpec, Tensor> values, BiConsumer<String, Tensor> stored) {
        Map<String, List<TensorSpec>> sharing = new LinkedHashMap<>();
        for (TensorSpec spec : plan.tensors()) {
            sharing.computeIfAbsent(spec.layout().stored(), name -> new ArrayList<>())
                    .add(spec);
        }
        sharing.forEach((name, specs) -> stored.accept(name, put(specs, values)));
    }

    private static Tensor put(List<TensorSpec> specs, Function<TensorSpec, Tensor> values) {
        TensorSpec first = specs.getFirst();
        Layout layout = first.layout();
        if (layout.isPlain(first)) {
            return values.apply(first);
        }
        int width = width(first);
        Tensor rows = first.extents().size() == 1 ? Tensor.zeros(layout.rows()) : Tensor.zeros(layout.rows(), width);
        for (TensorSpec spec : specs) {
            float[] value = values.apply(spec).toFloatArray();
            for (int row = 0; row < spec.extents().getFirst(); row++) {
                System.arraycopy(
                        value, row * width, rows.floats(), spec.layout().row(row) * width, width);
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

    /** Elements of a row. */
    private static int width(TensorSpec spec) {
        return (int) (spec.elements() / spec.extents().getFirst());
    }
}
