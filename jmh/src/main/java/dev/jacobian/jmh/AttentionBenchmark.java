// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Causal attention: one step of sampling for many sequences, scoring whole sequences, and the gradients.
 *
 * <p>{@code vector} is this project, {@code loop} its reference kernel, plain loops.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class AttentionBenchmark {
    /** See {@link AttentionCase#parse}. */
    @Param("score 16x200 h4/2 d32")
    public String attention;

    private final Backend backend = Backends.cpu();
    private final Backend reference = Backends.reference();
    private AttentionCase shape;
    private KvCache cache;
    private int[] sequences;
    private Segments segments;
    private float scale;
    private Tensor q;
    private Tensor k;
    private Tensor v;
    private Tensor out;
    private Tensor stats;
    private Tensor dOut;
    private Tensor dQ;
    private Tensor dK;
    private Tensor dV;

    @Setup
    public void setUp() {
        shape = AttentionCase.parse(attention);
        scale = (float) (1 / Math.sqrt(shape.headDim()));
        int kvWidth = shape.kvHeads() * shape.headDim();
        int width = shape.heads() * shape.headDim();
        cache = backend.attention().newKvCache(1, shape.kvHeads(), shape.headDim());
        sequences = new int[shape.sequences()];
        for (int s = 0; s < sequences.length; s++) {
            sequences[s] = cache.add();
        }
        int[] lengths = new int[shape.sequences()];
        if (shape.kind().equals("decode")) {
            Arrays.fill(lengths, shape.length() - 1);
            Segments history = Segments.of(lengths);
            Tensor past = tensor(3, history.rows(), kvWidth);
            cache.append(0, sequences, history, past, past);
            cache.advance(sequences, history);
            Arrays.fill(lengths, 1);
        } else {
            Arrays.fill(lengths, shape.length());
        }
        segments = Segments.of(lengths);
        int n = segments.rows();
        q = tensor(4, n, width);
        k = tensor(5, n, kvWidth);
        v = tensor(6, n, kvWidth);
        dOut = tensor(7, n, width);
        out = Tensor.zeros(n, width);
        stats = Tensor.zeros(n, shape.heads(), 2);
        dQ = Tensor.zeros(n, width);
        dK = Tensor.zeros(n, kvWidth);
        dV = Tensor.zeros(n, kvWidth);
        cache.append(0, sequences, segments, k, v);
        backend.attention()
                .attention(
                        q,
                        new CachedRows(cache, 0, sequences, segments),
                        new AttentionForm(shape.headDim(), scale, 0),
                        out,
                        stats);
    }

    private static Tensor tensor(long seed, int rows, int columns) {
        return Tensor.of(MatMulCase.numbers(rows * columns, seed), rows, columns);
    }

    @Benchmark
    public Tensor vector() {
        return run(backend);
    }

    @Benchmark
    public Tensor loop() {
        return run(reference);
    }

    private Tensor run(Backend on) {
        if (shape.kind().equals("backward")) {
            on.attention()
                    .attentionBackward(
                            dOut,
                            new Qkv(q, k, v),
                            out,
                            stats,
                            segments,
                            new AttentionForm(shape.headDim(), scale, 0),
                            new Qkv(dQ, dK, dV));
            return dQ;
        }
        on.attention()
                .attention(
                        q,
                        new CachedRows(cache, 0, sequences, segments),
                        new AttentionForm(shape.headDim(), scale, 0),
                        out,
                        null);
        return out;
    }
}
