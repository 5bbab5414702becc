// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** Causal attention in BF16, as {@code attention.py} has it: 16384 tokens in sequences of 2048 and of 16384. */
final class AttentionCases {
    private static final int TOKENS = 16384;

    private record Case(String name, int length, int heads, int kvHeads, int headDim) {}

    private static final List<Case> CASES = List.of(
            new Case("2048 tokens, D 64", 2048, 32, 32, 64),
            new Case("2048 tokens, D 128", 2048, 16, 16, 128),
            new Case("16384 tokens, D 64", 16384, 32, 32, 64),
            new Case("16384 tokens, D 128", 16384, 16, 16, 128),
            new Case("2048 tokens, Qwen2.5-0.5B", 2048, 14, 2, 64),
            new Case("2048 tokens, Qwen2.5-7B", 2048, 28, 4, 128));

    private final Device device;
    private final boolean smoke;

    AttentionCases(Device device, boolean smoke) {
        this.device = device;
        this.smoke = smoke;
    }

    List<GpuCase> all() {
        List<GpuCase> cases = new ArrayList<>();
        for (Case one : CASES) {
            Case used = smoke ? new Case(one.name, 32, one.heads, one.kvHeads, one.headDim) : one;
            int sequences = smoke ? 2 : TOKENS / used.length;
            // Half of the pairs count; the gradients take two and a half times as many operations.
            double work = 2e-12 * sequences * used.heads * used.length * used.length * used.headDim;
            cases.add(new GpuCase(
                    "gpu-attention", "forward, " + one.name, "TFLOP/s", work, () -> call(used, sequences, false)));
            cases.add(new GpuCase(
                    "gpu-attention",
                    "backward, " + one.name,
                    "TFLOP/s",
                    2.5 * work,
                    () -> call(used, sequences, true)));
        }
        return cases;
    }

    private Runnable call(Case one, int sequences, boolean backward) {
        Backend backend = Backends.of(device);
        int[] lengths = new int[sequences];
        Arrays.fill(lengths, one.length);
        Segments segments = Segments.of(lengths);
        int n = segments.rows();
        int width = one.heads * one.headDim;
        int kvWidth = one.kvHeads * one.headDim;
        float scale = (float) (1 / Math.sqrt(one.headDim));
        Tensor q = Random.normal(device, n, width); // [N, H D]
        Tensor k = Random.normal(device, n, kvWidth); // [N, Hkv D]
        Tensor v = Random.normal(device, n, kvWidth); // [N, Hkv D]
        Tensor out = Random.zeros(device, n, width); // [N, H D]
        Tensor stats = Tensor.zeros(device, DType.F32, Shape.of(n, one.heads, 2)); // [N, H, 2]
        if (!backward) {
            return () -> Workspace.inner(() -> backend.attention(q, k, v, segments, one.headDim, scale, 0, out, stats));
        }
        backend.attention(q, k, v, segments, one.headDim, scale, 0, out, stats);
        Tensor dOut = Random.normal(device, n, width); // [N, H D]
        Tensor dQ = Random.zeros(device, n, width); // [N, H D]
        Tensor dK = Random.zeros(device, n, kvWidth); // [N, Hkv D]
        Tensor dV = Random.zeros(device, n, kvWidth); // [N, Hkv D]
        return () -> Workspace.inner(() ->
                backend.attentionBackward(dOut, q, k, v, out, stats, segments, one.headDim, scale, 0, dQ, dK, dV));
    }
}
