// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import java.util.List;

/**
 * A tensor of a model: what it is, and where a checkpoint keeps it.
 *
 * @param role the module that it belongs to
 * @param kind what it is there
 * @param layer index of the layer, {@link #NO_LAYER} outside of layers
 * @param name of the parameter: the checkpoint's name, and the rows where several tensors share one
 * @param extents as the model has it: a matrix is [outputs, inputs]
 * @param layout how the checkpoint stores it
 */
public record TensorSpec(Role role, Kind kind, int layer, String name, List<Integer> extents, Layout layout) {
    /** The layer of what does not belong to one. */
    public static final int NO_LAYER = -1;

    /** What a tensor is in its module; this decides how it is initialised and in which format it can be held. */
    public enum Kind {
        /** A table of which rows are looked up. */
        TABLE,
        /** The weight of a linear layer, [outputs, inputs]. */
        MATRIX,
        /** The factor of a norm. */
        GAIN,
        /** The factor of a norm less 1. */
        GAIN_LESS_ONE,
        /** The factors of the norms of heads, [H, headDim]; stored as they are, or a tensor a head. */
        HEAD_GAINS,
        /** What is added after a linear layer. */
        BIAS,
        /** The weights of a linear layer of all experts, [E, outputs, inputs]. */
        EXPERTS,
        /** What is added after a linear layer of all experts, [E, outputs]. */
        EXPERT_BIASES,
        /** Factors of a depthwise convolution, [channels, 1, rows that it looks at]. */
        TAPS,
        /** A number for each head, stored under the module's own name. */
        PER_HEAD,
        /** What is no weight and not trained. */
        BUFFER;

        /** Whether there is one for each expert, or for each head. */
        public boolean isStack() {
            return this == EXPERTS || this == EXPERT_BIASES || this == HEAD_GAINS;
        }

        /** Whether it is the weight of a linear layer. */
        boolean isMatrix() {
            return this == MATRIX || this == EXPERTS;
        }
    }

    public TensorSpec {
        extents = List.copyOf(extents);
    }

    /** Rows: the outputs of a weight, or of each expert's. */
    public int rows() {
        return extents.get(kind.isStack() ? 1 : 0);
    }

    /** Elements of a row. */
    public int rowElements() {
        return extents.stream()
                .skip(kind.isStack() ? 2 : 1)
                .mapToInt(Integer::intValue)
                .reduce(1, Math::multiplyExact);
    }

    /** Number of elements. */
    public long elements() {
        return extents.stream().mapToLong(Integer::longValue).reduce(1, Math::multiplyExact);
    }

    /** The extents as an array. */
    public int[] shape() {
        return extents.stream().mapToInt(Integer::intValue).toArray();
    }
}
