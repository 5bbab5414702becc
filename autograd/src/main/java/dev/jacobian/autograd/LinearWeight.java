// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.autograd;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;

/**
 * The weight [M, K] of a linear layer with M outputs and K inputs: a {@link Parameter}, which is trained, any other
 * variable, whose gradient goes on, a {@linkplain FrozenWeight frozen} weight in a format of its own, which has none, or a {@linkplain
 * LowRankWeight constant weight that a product of narrow matrices changes}.
 */
public sealed interface LinearWeight permits Var, FrozenWeight, LowRankWeight {
    /** Name in the checkpoint, for messages. */
    String name();

    /**
     * The numbers of the weight as they are now, [M, K] in F32; perhaps those that it holds itself.
     *
     * @param device that it is on
     */
    default Tensor numbers(Device device) {
        return switch (this) {
            case Var dense -> dense.value().to(DType.F32);
            case FrozenWeight frozen -> {
                Tensor columns = Tensor.zeros(
                        device,
                        DType.F32,
                        Shape.of(frozen.packed().rows(), frozen.packed().columns())); // [K, M]
                Backends.of(device).matrices().unpack(frozen.packed(), 0, columns);
                yield columns.t().contiguous();
            }
            case LowRankWeight changed -> changed.sum();
        };
    }
}
