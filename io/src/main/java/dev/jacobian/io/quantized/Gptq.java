// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import java.util.List;
import java.util.Map;

/**
 * Weights as GPTQ's tools store them (Frantar et al., 2022, arXiv:2210.17323; the layout is AutoGPTQ's): with K inputs, N outputs
 * and G groups of inputs,
 *
 * <pre>
 * weight[n][k] = scales[g][n] · (q[k][n] − zero[g][n]),   g = g_idx[k], or k / group size
 * </pre>
 *
 * <p>{@code qweight} [K · bits / 32, N] packs neighbours along K and {@code qzeros} [G, N · bits / 32] neighbours along N, lowest
 * bits first. The first version of the format stores a zero less one; the field is unpacked first and one added afterwards,
 * within its bits.
 *
 * @param bits 2, 4 or 8
 * @param groupSize inputs that share a scale; -1 for all
 * @param ordered whether the groups were chosen by importance ({@code desc_act}), so that only g_idx knows them
 * @param version 1 or 2
 */
public record Gptq(int bits, int groupSize, boolean ordered, int version) implements Quantization {
    @Override
    public Map<String, CodedTensor> find(CheckpointTensors tensors) {
        return PackedLayers.find(tensors, (layer, parts) -> {
            long[] words = PackedLayers.matrix(tensors, layer, PackedLayers.WEIGHTS);
            long k = words[0] * (Integer.SIZE / bits);
            long n = words[1];
            return new CodedTensor(parts, Quantization.extents(n, k), () -> decode(tensors, layer, parts, k, n));
        });
    }

    private Tensor decode(CheckpointTensors tensors, String layer, List<String> parts, long inputs, long outputs) {
        int k = Math.toIntExact(inputs);
        int n = Math.toIntExact(outputs);
        int per = Integer.SIZE / bits;
        int groups = groupSize < 0 ? 1 : Math.ceilDiv(k, groupSize);
        PackedLayers.require(tensors, layer, PackedLayers.SCALES, groups, n);
        PackedLayers.require(tensors, layer, PackedLayers.ZEROS, groups, Math.ceilDiv(n, per));
        int[] group = groups(tensors, layer, parts, k, groups);
        int[] words = PackedLayers.words(tensors, layer, PackedLayers.WEIGHTS); // [K / per, N]
        int[] zeroWords = PackedLayers.words(tensors, layer, PackedLayers.ZEROS); // [G, N / per]
        float[] scales = PackedLayers.scales(tensors, layer, 1 << bits); // [G, N]
        int mask = (1 << bits) - 1;
        int zeroStep = Math.ceilDiv(n, per);
        Tensor out = Tensor.zeros(n, k);
        float[] weights = out.floats();
        ComputePool.run(n, j -> {
            for (int i = 0; i < k; i++) {
                int g = group[i];
                int q = words[i / per * n + j] >>> i % per * bits & mask;
                int zero = zeroWords[g * zeroStep + j / per] >>> j % per * bits & mask;
                if (version == 1) {
                    zero = zero + 1 & mask;
                }
                weights[j * k + i] = scales[g * n + j] * (q - zero);
            }
        });
        return out;
    }

    private int[] groups(CheckpointTensors tensors, String layer, List<String> parts, int k, int groups) {
        int[] group = new int[k];
        if (parts.contains(layer + PackedLayers.GROUPS)) {
            PackedLayers.require(tensors, layer, PackedLayers.GROUPS, k);
            group = PackedLayers.words(tensors, layer, PackedLayers.GROUPS);
            for (int i = 0; i < k; i++) {
                if (group[i] < 0 || group[i] >= groups) {
                    throw PackedLayers.wrong(
                            tensors, layer, "g_idx puts input " + i + " into group " + group[i] + " of " + groups);
                }
            }
            return group;
        }
        if (ordered) {
            throw PackedLayers.wrong(
                    tensors, layer, "desc_act is true, and there is no '" + layer + PackedLayers.GROUPS + "'");
        }
        for (int i = 0; i < k; i++) {
            group[i] = groupSize < 0 ? 0 : i / groupSize;
        }
        return group;
    }
}
