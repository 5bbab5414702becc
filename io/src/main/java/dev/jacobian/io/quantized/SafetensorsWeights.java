// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.io.safetensors.StoredType;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The weights of a folder of safetensors, numbers or quantized ones. */
final class SafetensorsWeights implements StoredWeights {
    private final CheckpointTensors tensors;
    private final Map<String, CodedTensor> coded;
    private final Set<String> names;

    SafetensorsWeights(CheckpointTensors tensors, Map<String, CodedTensor> coded) {
        this.tensors = tensors;
        this.coded = coded;
        this.names = new LinkedHashSet<>(tensors.names());
        coded.values().forEach(tensor -> tensor.parts().forEach(names::remove));
        names.addAll(coded.keySet());
    }

    @Override
    public Set<String> names() {
        return names;
    }

    @Override
    public List<Long> extents(String name) {
        CodedTensor tensor = coded.get(name);
        return tensor == null ? tensors.info(name).extents() : tensor.extents();
    }

    @Override
    public Tensor read(String name) {
        CodedTensor tensor = coded.get(name);
        return tensor == null ? tensors.readWeight(name) : tensor.decode();
    }

    @Override
    public Tensor readNarrow(String name) {
        CodedTensor tensor = coded.get(name);
        return tensor == null ? tensors.readNarrowWeight(name) : tensor.decode();
    }

    @Override
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

    @Override
    public WeightFormat format(String name) {
        return !coded.containsKey(name) && tensors.info(name).type() == StoredType.BF16
                ? WeightFormat.BF16
                : WeightFormat.F32;
    }

    @Override
    public Optional<String> advice() {
        return tensors.advice();
    }
}
