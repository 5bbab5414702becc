// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import dev.jacobian.jmh.harness.Unit;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** Causal attention and its gradients in BF16 over 16384 tokens; the cases are those of {@code attention.py}. */
final class GpuAttention {
    private static final int TOKENS = 16384;

    /** Five products, of which the forward pass has two. */
    private static final double BACKWARD = 2.5;

    private static final List<Form> FORMS = List.of(
            new Form("2048 tokens, D 64", 2048, 32, 32, 64),
            new Form("2048 tokens, D 128", 2048, 16, 16, 128),
            new Form("16384 tokens, D 64", 16384, 32, 32, 64),
            new Form("16384 tokens, D 128", 16384, 16, 16, 128),
            new Form("2048 tokens, Qwen2.5-0.5B", 2048, 14, 2, 64),
            new Form("2048 tokens, Qwen2.5-7B", 2048, 28, 4, 128));

    static final GpuSuite SUITE = new GpuSuite(
            "gpu-attention",
            "causal attention of BF16 numbers, and its gradients",
            Unit.TFLOPS,
            FORMS.stream()
                    .flatMap(form -> Stream.of(form.forward(), form.backward()))
                    .toList(),
            GpuAttention::operations,
            Optional.of("attention.py"),
            "16384 tokens in sequences of the length that the case names. Of a causal product half counts: forward"
                    + " 4 T² D / 2 operations for each head, backward two and a half times as many, as is usual.",
            GpuAttention::measure);

    private GpuAttention() {}

    private record Form(String name, int length, int heads, int kvHeads, int headDim) {
        String forward() {
            return "forward, " + name;
        }

        String backward() {
            return "backward, " + name;
        }

        /** Of the forward pass over so many sequences. */
        double operations(int sequences) {
            return 2.0 * sequences * length * length * heads * headDim;
        }

        /** As many query heads for a key head, in few heads and tokens. */
        Form tiny() {
            return new Form(name, 32, 2 * heads / kvHeads, 2, headDim);
        }
    }

    private static double operations(String label) {
        Form form = FORMS.stream()
                .filter(f -> f.forward().equals(label) || f.backward().equals(label))
                .findFirst()
                .orElseThrow();
        double forward = form.operations(TOKENS / form.length);
        return label.equals(form.forward()) ? forward : BACKWARD * forward;
    }

    private static void measure(GpuRun run) {
        RandomTensors random = new RandomTensors(run.device(), 2);
        for (Form form : FORMS) {
            if (run.wants(form.forward()) || run.wants(form.backward())) {
                measure(run, run.effort().tiny() ? form.tiny() : form, run.pick(TOKENS / form.length, 2), random);
            }
        }
    }

    private static void measure(GpuRun run, Form form, int sequences, RandomTensors random) {
        int[] lengths = new int[sequences];
        Arrays.fill(lengths, form.length);
        Segments segments = Segments.of(lengths);
        int n = segments.rows();
        int d = form.headDim;
        int width = form.heads * d;
        int kvWidth = form.kvHeads * d;
        double work = form.operations(sequences);
        float scale = (float) (1 / Math.sqrt(d));
        Backend backend = run.backend();
        Tensor q = random.tensor(n, width); // [N, H · D]
        Tensor k = random.tensor(n, kvWidth); // [N, kvHeads · D]
        Tensor v = random.tensor(n, kvWidth); // [N, kvHeads · D]
        Tensor dOut = random.tensor(n, width); // [N, H · D]
        Tensor out = empty(run, DType.BF16, n, width); // [N, H · D]
        Tensor stats = empty(run, DType.F32, n, form.heads, 2); // [N, H, 2]
        Tensor dQ = empty(run, DType.BF16, n, width); // [N, H · D]
        Tensor dK = empty(run, DType.BF16, n, kvWidth); // [N, kvHeads · D]
        Tensor dV = empty(run, DType.BF16, n, kvWidth); // [N, kvHeads · D]
        GpuRun.FactsOf shape = (row, score) -> row.putArray("shape")
                .add(sequences)
                .add(form.heads)
                .add(form.kvHeads)
                .add(form.length)
                .add(d);
        run.measure(
                form.forward(),
                work,
                3,
                () -> backend.attention()
                        .attention(new Qkv(q, k, v), segments, new AttentionForm(d, scale, 0), out, null),
                shape);
        if (run.wants(form.backward())) {
            backend.attention().attention(new Qkv(q, k, v), segments, new AttentionForm(d, scale, 0), out, stats);
            run.measure(
                    form.backward(),
                    BACKWARD * work,
                    3,
                    () -> backend.attention()
                            .attentionBackward(
                                    dOut,
                                    new Qkv(q, k, v),
                                    out,
                                    stats,
                                    segments,
                                    new AttentionForm(d, scale, 0),
                                    new Qkv(dQ, dK, dV)),
                    shape);
        }
        for (Tensor tensor : List.of(q, k, v, dOut, out, stats, dQ, dK, dV)) {
            tensor.close();
        }
    }

    private static Tensor empty(GpuRun run, DType dtype, int... extents) {
        return Tensor.zeros(run.device(), dtype, Shape.of(extents));
    }
}
