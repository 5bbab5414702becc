// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.quantized;

import dev.jacobian.io.safetensors.CheckpointTensors;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Tensor;
import java.util.Map;

/**
 * Weights of 4 bits as AWQ's tools store them (Lin et al., 2023, arXiv:2306.00978; the layouts are AutoAWQ's): with K inputs, N
 * outputs and G groups of inputs,
 *
 * <pre>
 * weight[n][k] = scale[g][n] · (q[k][n] − zero[g][n]),   g = k / group size
 * </pre>
 *
 * @param groupSize inputs that share a scale; -1 for all
 * @param form how the numbers lie
 */
public record Awq(int groupSize, Form form) implements Quantization {
    /** Numbers of a word. */
    private static final int PER = 8;

    private static final int BITS = 4;
    private static final int MASK = 0xF;

    /** Where each of eight neighbouring outputs lies in a word of the form GEMM. */
    private static final int[] NIBBLE = {0, 4, 1, 5, 2, 6, 3, 7};

    /** How the numbers lie. */
    public enum Form {
        /** qweight [K, N / 8], qzeros [G, N / 8], scales [G, N]: neighbours along N, in an order of their own. */
        GEMM,
        /** qweight [N, K / 8], qzeros [N, W], scales [N, 8 W]: neighbours along K, lowest bits first; W is rounded up. */
        GEMV
    }

    @Override
    public Map<String, CodedTensor> find(CheckpointTensors tensors) {
        return PackedLayers.find(tensors, (layer, parts) -> {
            long[] words = PackedLayers.matrix(tensors, layer, PackedLayers.WEIGHTS);
            long k = form == Form.GEMM ? words[0] : words[1] * PER;
            long n = form == Form.GEMM ? words[1] * PER : words[0];
            return new CodedTensor(parts, Quantization.extents(n, k), () -> decode(tensors, layer, k, n));
        });
    }

    private Tensor decode(CheckpointTensors tensors, String layer, long inputs, long outputs) {
        int k = Math.toIntExact(inputs);
        int n = Math.toIntExact(outputs);
        int size = groupSize < 0 ? k : groupSize;
        int groups = Math.ceilDiv(k, size);
        long zeroWords = PackedLayers.matrix(tensors, layer, PackedLayers.ZEROS)[1];
        if (form == Form.GEMM) {
            PackedLayers.require(tensors, layer, PackedLayers.ZEROS, groups, n / PER);
            PackedLayers.require(tensors, layer, PackedLayers.SCALES, groups, n);
        } else {
            if (zeroWords * PER < groups) {
                throw PackedLayers.wrong(
                        tensors, layer, zeroWords + " words of zeros a row are too few for " + groups + " groups");
            }
            PackedLayers.require(tensors, layer, PackedLayers.ZEROS, n, zeroWords);
            PackedLayers.require(tensors, layer, PackedLayers.SCALES, n, zeroWords * PER);
        }
        int width = Math.toIntExact(zeroWords);
        int[] words = PackedLayers.words(tensors, layer, PackedLayers.WEIGHTS);
        int[] zeros = PackedLayers.words(tensors, layer, PackedLayers.ZEROS);
        float[] scales = PackedLayers.scales(tensors, layer, 1 << BITS);
        Tensor out = Tensor.zeros(n, k);
        float[] weights = out.floats();
        ComputePool.run(n, j -> {
            int shift = NIBBLE[j % PER] * BITS; // of the form GEMM
            for (int i = 0; i < k; i++) {
                int g = i / size;
                int q;
                int zero;
                float scale;
                if (form == Form.GEMM) {
                    q = words[i * (n / PER) + j / PER] >>> shift & MASK;
                    zero = zeros[g * width + j / PER] >>> shift & MASK;
                    scale = scales[g * n + j];
                } else {
                    q = words[j * (k / PER) + i / PER] >>> i % PER * BITS & MASK;
                    zero = zeros[j * width + g / PER] >>> g % PER * BITS & MASK;
                    scale = scales[j * width * PER + g];
                }
                weights[j * k + i] = scale * (q - zero);
            }
        });
        return out;
    }
}
