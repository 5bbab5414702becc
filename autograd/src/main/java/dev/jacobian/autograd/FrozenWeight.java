// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.Workspace;

/**
 * A weight that is held packed and in a format of its own, and never trained.
 *
 * <p>Advantage: it takes the format's bits and nothing beside them, where a trainable weight takes 64 (the numbers and
 * their packed copy) even before gradients. Disadvantage: it cannot be read element by element, changed or saved.
 * Gradients flow through it to its input, so that what comes before may be trained.
 *
 * @param name name in the checkpoint
 * @param packed the transpose [K, M]
 */
public record FrozenWeight(String name, PackedMatrix packed) implements LinearWeight {
    /** Floats that are unpacked at a time. */
    private static final int BLOCK_FLOATS = 1 << 20;

    /** Packs a weight [M, K] for the device that it is on. */
    public static FrozenWeight of(String name, Tensor weight, WeightFormat format) {
        return of(name, weight, format, weight.device());
    }

    /**
     * Packs a weight [M, K].
     *
     * @param device where products are computed; the weight itself may be on the CPU
     */
    public static FrozenWeight of(String name, Tensor weight, WeightFormat format, Device device) {
        try {
            return new FrozenWeight(name, Backends.of(device).matrices().pack(weight.t(), format));
        } catch (IllegalArgumentException wrong) {
            throw new IllegalArgumentException("weight '" + name + "' (transposed): " + wrong.getMessage(), wrong);
        }
    }

    /**
     * Holds a weight [M, K] of a file as it is.
     *
     * @throws IllegalArgumentException if the device has no products with its format
     */
    public static FrozenWeight of(String name, QuantizedMatrix weight, Device device) {
        return new FrozenWeight(name, Backends.of(device).matrices().pack(weight));
    }

    /**
     * {@code dX = dOut · W}, the chains over the outputs in order: the bits of the product with the whole unpacked weight,
     * which never exists.
     *
     * @param dOut [N, M]
     * @param dX [N, K], overwritten
     */
    void backward(Tensor dOut, Tensor dX) {
        var backend = Backends.of(dX.device());
        int k = packed.rows();
        int m = packed.columns();
        int block = Math.clamp(BLOCK_FLOATS / Math.max(1, k), 1, Math.max(1, m));
        Tensor unpacked = Workspace.like(dOut, k, block); // [K, block]
        if (m == 0) {
            dX.fill(0f);
        }
        for (int from = 0; from < m; from += block) {
            int n = Math.min(block, m - from);
            Tensor columns = n == block ? unpacked : Workspace.like(dOut, k, n); // [K, n]
            backend.matrices().unpack(packed, from, columns);
            backend.matrices().matmul(dOut.slice(1, from, from + n), columns.t(), dX, from > 0);
        }
        Workspace.release(unpacked);
    }
}
