// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.function.Supplier;

/**
 * A tensor that a checkpoint holds in quantized form.
 *
 * @param parts the stored tensors that it is made from
 * @param extents the shape that it has when it is decoded
 * @param decoder gives its numbers, in F32
 */
public record CodedTensor(List<String> parts, List<Long> extents, Supplier<Tensor> decoder) {
    public CodedTensor {
        parts = List.copyOf(parts);
        extents = List.copyOf(extents);
    }

    /** Its numbers, in F32. */
    public Tensor decode() {
        return decoder.get();
    }
}
