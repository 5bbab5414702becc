// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A way in which the weights of a checkpoint are quantized: {@code quantization_config} of its config.json. */
public sealed interface Quantization permits Awq, Fp8, Gptq, Mxfp4 {
    /**
     * The tensors that are there in quantized form, by the names that they would have otherwise.
     *
     * @throws dev.jacobian.io.safetensors.SafetensorsException if the parts of one do not fit each other
     */
    Map<String, CodedTensor> find(CheckpointTensors tensors);

    /** A shape as the headers of files have it. */
    static List<Long> extents(long... extents) {
        return Arrays.stream(extents).boxed().toList();
    }

    /** The numbers of a part, of whatever floating type. */
    static float[] numbers(CheckpointTensors tensors, String name) {
        Tensor numbers = tensors.readWeight(name);
        return numbers.floats();
    }
}
