// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.StoredType;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The weights of a checkpoint by the names and shapes that its model gives them, whether they are stored as numbers or quantized.
 * Who reads them need not know which.
 */
public final class StoredWeights {
    private final CheckpointTensors tensors;
    private final Map<String, CodedTensor> coded;
    private final Set<String> names;

    private StoredWeights(CheckpointTensors tensors, Map<String, CodedTensor> coded) {
        this.tensors = tensors;
        this.coded = coded;
        this.names = new LinkedHashSet<>(tensors.names());
        coded.values().forEach(tensor -> tensor.parts().forEach(names::remove));
        names.addAll(coded.keySet());
    }

    /** The weights of a checkpoint that is quantized in the given way, if in any. */
    public static StoredWeights of(CheckpointTensors tensors, Optional<Quantization> quantization) {
        return new StoredWeights(
                tensors, quantization.map(way -> way.find(tensors)).orElse(Map.of()));
    }

    /** All names; what a quantized tensor is made from is not among them. */
    public Set<String> names() {
        return names;
    }

    /** Whether there is a tensor of that name. */
    public boolean contains(String name) {
        return names.contains(name);
    }

    /** The shape of a tensor. */
    public List<Long> extents(String name) {
        CodedTensor tensor = coded.get(name);
        return tensor == null ? tensors.info(name).extents() : tensor.extents();
    }

    /** The numbers of a tensor in F32, all finite; see {@link CheckpointTensors#readWeight}. */
    public Tensor read(String name) {
        CodedTensor tensor = coded.get(name);
        return tensor == null ? tensors.readWeight(name) : tensor.decode();
    }

    /** The same in the type in which they are stored; see {@link CheckpointTensors#readNarrowWeight}. */
    public Tensor readNarrow(String name) {
        CodedTensor tensor = coded.get(name);
        return tensor == null ? tensors.readNarrowWeight(name) : tensor.decode();
    }

    /**
     * The type to write a tensor in so that it is as it was: its own, or for a quantized one BF16, which is what such checkpoints
     * were made from. F32 where the stored type is not written.
     */
    public DType type(String name) {
        if (coded.containsKey(name)) {
            return DType.BF16;
        }
        StoredType stored = tensors.info(name).type();
        return switch (stored) {
            case BF16, F16 -> DType.valueOf(stored.name());
            default -> DType.F32;
        };
    }

    /** What the names tell about how the tensors came to be there; see {@link CheckpointTensors#advice}. */
    public Optional<String> advice() {
        return tensors.advice();
    }
}
