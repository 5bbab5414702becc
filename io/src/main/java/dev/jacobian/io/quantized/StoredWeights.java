// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The weights of a checkpoint by the names and shapes that its model gives them, whether they are stored as numbers or quantized, and
 * in whatever kind of file. Who reads them need not know which.
 */
public interface StoredWeights {
    /** The weights of a folder of safetensors that is quantized in the given way, if in any. */
    static StoredWeights of(CheckpointTensors tensors, Optional<Quantization> quantization) {
        return new SafetensorsWeights(
                tensors, quantization.map(way -> way.find(tensors)).orElse(Map.of()));
    }

    /** All names; what a quantized tensor is made from is not among them. */
    Set<String> names();

    /** Whether there is a tensor of that name. */
    default boolean contains(String name) {
        return names().contains(name);
    }

    /** The shape of a tensor. */
    List<Long> extents(String name);

    /** The numbers of a tensor in F32, all finite. */
    Tensor read(String name);

    /** The same in as few bits as they are stored in: BF16 or F16 where the file has that, F32 otherwise. */
    Tensor readNarrow(String name);

    /**
     * The type to write a tensor in so that it is as it was: its own, or for a quantized one BF16, which is what such checkpoints
     * were made from. F32 where the stored type is not written.
     */
    DType type(String name);

    /** The format that holds a matrix as it is stored, without rounding a number: F32 where there is no other. */
    WeightFormat format(String name);

    /**
     * A matrix whose {@link #format} is quantized, or several below each other, byte for byte.
     *
     * @throws IllegalArgumentException if it is not
     */
    default QuantizedMatrix readBlocks(String name) {
        throw new IllegalArgumentException(name + " is held as " + format(name) + ", which has no blocks");
    }

    /** What the names tell about how the tensors came to be there; see {@link CheckpointTensors#advice}. */
    default Optional<String> advice() {
        return Optional.empty();
    }
}
