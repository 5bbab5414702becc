// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Rng;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * The kernels that {@code doctor --bench} measures, at the shapes of a model with half a billion parameters: hidden size 896,
 * 14 heads of 64 with 2 for keys and values, MLP 4864, vocabulary 32000.
 *
 * <p>Decisions: operands that a model streams from memory are larger here than most caches, and products with packed weights
 * take turns on several matrices for that; a kernel whose operands fit into a cache may exceed the roofline of memory. Operands are
 * random, since zeros would let the power management of some processors show more than it has.
 */
final class KernelCases {
    private static final int HIDDEN = 896;
    private static final int HEADS = 14;
    private static final int KV_HEADS = 2;
    private static final int HEAD = 64;
    private static final int MLP = 4864;
    private static final int VOCABULARY = 32_000;

    /** Rows of the kernels that pass over their operands once: 64 MiB per tensor of MLP width. */
    private static final int ROWS = 3449;

    /** Bytes of matrices that products take turns on: four times the largest cache of most machines. */
    private static final double STREAMED = 128 << 20;

    private static final int EXPONENTIAL = 20;
    private static final double FLOAT = Float.BYTES;

    private KernelCases() {}

    /** All of them, in the order of the table. */
    static List<KernelCase> all() {
        List<KernelCase> cases = new ArrayList<>();
        cases.add(product("matmul NN", 512, 512, 512, false, false));
        cases.add(product("matmul NT", 512, 512, 512, false, true));
        cases.add(product("matmul TN", 512, 512, 512, true, false));
        cases.add(product("matmul NT", 512, HIDDEN, MLP, false, true));
        cases.add(product("matmul TN", MLP, 512, HIDDEN, true, false));
        for (int rows : new int[] {512, 64, 8, 1}) {
            cases.add(packed(WeightFormat.F32, rows));
        }
        for (WeightFormat format : WeightFormat.made()) {
            if (format != WeightFormat.F32) {
                cases.add(packed(format, 64));
                cases.add(packed(format, 1));
            }
        }
        cases.add(attention(1024));
        cases.add(attentionBackward(1024));
        cases.add(decodeAttention(8, 8192));
        cases.add(rmsNorm());
        cases.add(rotary());
        cases.add(swiGlu());
        cases.add(softmax());
        cases.add(logProbs());
        cases.add(embedding());
        cases.add(adamW());
        return cases;
    }

    // Matrix products

    /** [m, k] times [k, n], F32; a transposed operand is a view of the other orientation. */
    private static KernelCase product(String name, int m, int k, int n, boolean transposeA, boolean transposeB) {
        return new KernelCase(
                name, m + "x" + k + "x" + n, 2.0 * m * k * n, FLOAT * (m * k + k * n + m * n), backend -> {
                    Tensor a = transposeA ? random(k, m).transpose(0, 1) : random(m, k); // [m, k]
                    Tensor b = transposeB ? random(n, k).transpose(0, 1) : random(k, n); // [k, n]
                    Tensor out = Tensor.zeros(m, n); // [m, n]
                    return () -> backend.matrices().matmul(a, b, out, false);
                });
    }

    private static KernelCase packed(WeightFormat format, int rows) {
        String name = "packed " + format.label().toUpperCase(Locale.ROOT);
        double bytes = format.bytes((long) HIDDEN * MLP) + FLOAT * rows * (HIDDEN + MLP);
        return new KernelCase(name, rows + "x" + HIDDEN + "x" + MLP, 2.0 * rows * HIDDEN * MLP, bytes, backend -> {
            int count = (int) Math.ceil(STREAMED / format.bytes((long) HIDDEN * MLP));
            PackedMatrix[] matrices = new PackedMatrix[count];
            Tensor b = random(HIDDEN, MLP); // [D, MLP]
            Arrays.setAll(matrices, i -> backend.matrices().pack(b, format));
            Tensor a = random(rows, HIDDEN); // [rows, D]
            Tensor out = Tensor.zeros(rows, MLP); // [rows, MLP]
            return takingTurns(matrices.length, turn -> backend.matrices().matmul(a, matrices[turn], out, false));
        });
    }

    private interface Turn {
        void take(int turn);
    }

    private static Runnable takingTurns(int turns, Turn body) {
        int[] next = new int[1];
        return () -> {
            body.take(next[0]);
            next[0] = (next[0] + 1) % turns;
        };
    }

    // Attention

    private static float scale() {
        return (float) (1 / Math.sqrt(HEAD));
    }

    /** Query-key pairs of a causal sequence, all query heads. */
    private static double pairs(int tokens) {
        return HEADS * (double) tokens * (tokens + 1) / 2;
    }

    private static KernelCase attention(int tokens) {
        double bytes = FLOAT * tokens * HEAD * (2 * HEADS + 2 * KV_HEADS);
        return new KernelCase(
                "attention forward", "T " + tokens, pairs(tokens) * (4 * HEAD + EXPONENTIAL), bytes, backend -> {
                    Segments segments = Segments.of(tokens);
                    KvCache cache = backend.attention().newKvCache(1, KV_HEADS, HEAD);
                    int[] sequences = {cache.add()};
                    Tensor q = random(tokens, HEADS * HEAD); // [T, H * D]
                    Tensor kv = random(tokens, KV_HEADS * HEAD); // [T, kvHeads * D]
                    cache.append(0, sequences, segments, kv, kv);
                    Tensor out = Tensor.zeros(tokens, HEADS * HEAD); // [T, H * D]
                    return () -> backend.attention()
                            .attention(
                                    q,
                                    new CachedRows(cache, 0, sequences, segments),
                                    new AttentionForm(HEAD, scale(), 0),
                                    out,
                                    null);
                });
    }

    private static KernelCase attentionBackward(int tokens) {
        double bytes = FLOAT * tokens * HEAD * (4 * HEADS + 4 * KV_HEADS);
        return new KernelCase(
                "attention backward", "T " + tokens, pairs(tokens) * (10 * HEAD + EXPONENTIAL), bytes, backend -> {
                    Segments segments = Segments.of(tokens);
                    KvCache cache = backend.attention().newKvCache(1, KV_HEADS, HEAD);
                    int[] sequences = {cache.add()};
                    Tensor q = random(tokens, HEADS * HEAD); // [T, H * D]
                    Tensor kv = random(tokens, KV_HEADS * HEAD); // [T, kvHeads * D]
                    cache.append(0, sequences, segments, kv, kv);
                    Tensor out = Tensor.zeros(tokens, HEADS * HEAD); // [T, H * D]
                    Tensor stats = Tensor.zeros(tokens, HEADS, 2); // [T, H, 2]
                    backend.attention()
                            .attention(
                                    q,
                                    new CachedRows(cache, 0, sequences, segments),
                                    new AttentionForm(HEAD, scale(), 0),
                                    out,
                                    stats);
                    Tensor dOut = random(tokens, HEADS * HEAD); // [T, H * D]
                    Tensor dQ = Tensor.zeros(tokens, HEADS * HEAD); // [T, H * D]
                    Tensor dK = Tensor.zeros(tokens, KV_HEADS * HEAD); // [T, kvHeads * D]
                    Tensor dV = Tensor.zeros(tokens, KV_HEADS * HEAD); // [T, kvHeads * D]
                    return () -> backend.attention()
                            .attentionBackward(
                                    dOut,
                                    new Qkv(q, kv, kv),
                                    out,
                                    stats,
                                    segments,
                                    new AttentionForm(HEAD, scale(), 0),
                                    new Qkv(dQ, dK, dV));
                });
    }

    /** One new token of each of {@code batch} sequences over {@code history} cached ones. */
    private static KernelCase decodeAttention(int batch, int history) {
        double keys = (double) batch * history;
        return new KernelCase(
                "attention decode",
                batch + " x " + history + " cached",
                keys * HEADS * (4 * HEAD + EXPONENTIAL),
                FLOAT * keys * 2 * KV_HEADS * HEAD,
                backend -> {
                    KvCache cache = backend.attention().newKvCache(1, KV_HEADS, HEAD);
                    int[] sequences = new int[batch];
                    Arrays.setAll(sequences, s -> cache.add());
                    int chunk = 256;
                    Segments old = Segments.of(filled(batch, chunk));
                    Tensor kv = random(batch * chunk, KV_HEADS * HEAD); // [B * chunk, kvHeads * D]
                    for (int t = 0; t < history; t += chunk) {
                        cache.append(0, sequences, old, kv, kv);
                        cache.advance(sequences, old);
                    }
                    Segments step = Segments.of(filled(batch, 1));
                    Tensor last = random(batch, KV_HEADS * HEAD); // [B, kvHeads * D]
                    cache.append(0, sequences, step, last, last);
                    Tensor q = random(batch, HEADS * HEAD); // [B, H * D]
                    Tensor out = Tensor.zeros(batch, HEADS * HEAD); // [B, H * D]
                    return () -> backend.attention()
                            .attention(
                                    q,
                                    new CachedRows(cache, 0, sequences, step),
                                    new AttentionForm(HEAD, scale(), 0),
                                    out,
                                    null);
                });
    }

    private static int[] filled(int length, int value) {
        int[] array = new int[length];
        Arrays.fill(array, value);
        return array;
    }

    // One pass over the operands

    private static KernelCase rmsNorm() {
        double elements = (double) ROWS * MLP;
        return new KernelCase("RMSNorm", ROWS + "x" + MLP, 4 * elements, FLOAT * 2 * elements, backend -> {
            Tensor x = random(ROWS, MLP); // [N, D]
            Tensor weight = random(MLP); // [D]
            Tensor out = Tensor.zeros(ROWS, MLP); // [N, D]
            Tensor inverseRms = Tensor.zeros(ROWS); // [N]
            return () -> backend.norms().rmsNorm(x, weight, 1e-6f, out, inverseRms);
        });
    }

    private static KernelCase rotary() {
        int width = MLP / HEAD * HEAD;
        double elements = (double) ROWS * width;
        return new KernelCase("rotary", ROWS + "x" + width, 3 * elements, FLOAT * 2 * elements, backend -> {
            Tensor x = random(ROWS, width); // [N, H * D]
            Tensor cos = random(ROWS, HEAD / 2); // [P, D / 2]
            Tensor sin = random(ROWS, HEAD / 2); // [P, D / 2]
            int[] positions = new int[ROWS];
            Arrays.setAll(positions, p -> p);
            Tensor out = Tensor.zeros(ROWS, width); // [N, H * D]
            return () -> backend.positions().rotary(x, RotaryForm.whole(HEAD), cos, sin, positions, false, out);
        });
    }

    private static KernelCase swiGlu() {
        double elements = (double) ROWS * MLP;
        return new KernelCase(
                "SwiGLU", ROWS + "x" + MLP, (EXPONENTIAL + 4) * elements, FLOAT * 3 * elements, backend -> {
                    Tensor gate = random(ROWS, MLP); // [N, MLP]
                    Tensor up = random(ROWS, MLP); // [N, MLP]
                    Tensor out = Tensor.zeros(ROWS, MLP); // [N, MLP]
                    return () -> backend.activations().swiGlu(gate, up, out);
                });
    }

    private static KernelCase softmax() {
        int rows = 512;
        double elements = (double) rows * VOCABULARY;
        return new KernelCase(
                "softmax", rows + "x" + VOCABULARY, (EXPONENTIAL + 4) * elements, FLOAT * 2 * elements, backend -> {
                    Tensor logits = random(rows, VOCABULARY); // [R, V]
                    Tensor out = Tensor.zeros(rows, VOCABULARY); // [R, V]
                    return () -> backend.softmax().softmax(logits, 1f, out);
                });
    }

    private static KernelCase logProbs() {
        int rows = 512;
        double elements = (double) rows * VOCABULARY;
        return new KernelCase(
                "log-probabilities",
                rows + "x" + VOCABULARY,
                (EXPONENTIAL + 6) * elements,
                FLOAT * elements,
                backend -> {
                    Tensor logits = random(rows, VOCABULARY); // [R, V]
                    Tensor logProbs = Tensor.zeros(rows); // [R]
                    Tensor entropy = Tensor.zeros(rows); // [R]
                    Tensor stats = Tensor.zeros(rows, 2); // [R, 2]
                    int[] targets = new int[rows];
                    return () -> backend.softmax().logProbs(logits, 1f, targets, logProbs, entropy, stats);
                });
    }

    private static KernelCase embedding() {
        int rows = 8192;
        double elements = (double) rows * HIDDEN;
        return new KernelCase("embedding", rows + "x" + HIDDEN, 0, FLOAT * 2 * elements, backend -> {
            Tensor table = random(VOCABULARY, HIDDEN); // [V, D]
            Rng rng = new Rng(1, 0);
            int[] ids =
                    IntStream.range(0, rows).map(row -> rng.nextInt(VOCABULARY)).toArray();
            Tensor out = Tensor.zeros(rows, HIDDEN); // [N, D]
            return () -> backend.rows().gatherRows(table, ids, out);
        });
    }

    private static KernelCase adamW() {
        double elements = 3.0 * HIDDEN * MLP;
        return new KernelCase("AdamW", (long) elements + " weights", 15 * elements, FLOAT * 7 * elements, backend -> {
            Tensor parameter = random(3 * HIDDEN, MLP); // [3 D, MLP], as are the others
            Tensor gradient = random(3 * HIDDEN, MLP);
            Tensor m = Tensor.zeros(3 * HIDDEN, MLP);
            Tensor v = Tensor.zeros(3 * HIDDEN, MLP);
            AdamWStep step = new AdamWStep(1f, 1f, 0.9, 0.999, 1e-6f, 1f, 1e-8f);
            return () -> backend.optimizer().adamW(parameter, gradient, m, v, step);
        });
    }

    /** Uniform numbers in ±1. */
    private static Tensor random(int... extents) {
        Tensor tensor = Tensor.zeros(extents);
        float[] values = tensor.floats();
        int state = 1;
        for (int i = 0; i < values.length; i++) {
            state = state * 1664525 + 1013904223; // any cheap sequence will do
            values[i] = state * 0x1p-31f;
        }
        return tensor;
    }
}
