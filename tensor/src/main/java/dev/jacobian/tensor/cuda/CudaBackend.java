// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.DeviceArray;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Replays;
import dev.jacobian.tensor.SamplingFilters;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.TokenChoice;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.cuda.CudaArray.View;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An NVIDIA GPU's kernels.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>No method waits for the device but those that return a number. Work is handed to the device's dispatcher in order; see
 *       {@link CudaEngine}.
 *   <li>Everything but matrix products and single-token attention has the reference's order of sums, so in F32 its bits. With
 *       {@link Backends#isBatchInvariant} these have it too, and a model gives the same bits here and on the CPU.
 *   <li>F32 or BF16 storage; arithmetic and sums are F32 in both. Norm weights, biases, statistics, gradients of parameters
 *       and optimizer state are F32 always.
 * </ul>
 */
public final class CudaBackend implements Backend {
    private static final int THREADS = 256;

    /** Sums over rows are cut here where their order is free: one thread per column and chunk. */
    private static final int ROWS_PER_CHUNK = 256;

    /** Half a gibibyte of F32. */
    private static final int CHUNK_ELEMENTS = 1 << 27;

    /** Rows up to which a quantized weight is read in place rather than expanded. */
    private static final int MATVEC_ROWS = 8;

    private static final Map<Integer, CudaBackend> OPEN = new HashMap<>();

    private final CudaEngine engine;
    private final CudaMatMul matMul;
    private final CudaAttention attention;
    private final CudaOptimizer optimizer;
    private final CudaFusedRows fused;
    private final CudaSampling sampling;

    CudaBackend(CudaEngine engine) {
        this.engine = engine;
        this.matMul = new CudaMatMul(engine);
        this.attention = new CudaAttention(engine);
        this.optimizer = new CudaOptimizer(engine);
        this.fused = new CudaFusedRows(engine);
        this.sampling = new CudaSampling(engine);
    }

    /**
     * The backend of a device, opened when it is first asked for.
     *
     * @throws CudaException if it cannot be used; the message says what is missing and how to mend it
     */
    public static CudaBackend of(int ordinal) {
        synchronized (OPEN) {
            CudaBackend backend = OPEN.get(ordinal);
            if (backend == null) {
                backend = new CudaBackend(CudaEngine.open(ordinal));
                OPEN.put(ordinal, backend);
            }
            return backend;
        }
    }

    /** Closes all devices; what is still on them is lost. */
    static void closeAll() {
        synchronized (OPEN) {
            List<CudaBackend> open = List.copyOf(OPEN.values());
            OPEN.clear();
            open.forEach(backend -> backend.engine.close());
        }
    }

    CudaEngine engine() {
        return engine;
    }

    private static boolean fixedOrder() {
        return Backends.isBatchInvariant();
    }

    @Override
    public String name() {
        return engine.context().device().toString();
    }

    // Memory

    @Override
    public DeviceArray allocate(DType dtype, int elements, boolean scoped) {
        return new CudaArray(engine, dtype, elements, scoped);
    }

    @Override
    public long availableMemory() {
        return engine.context().dispatcher().call(engine.context().memory()::available);
    }

    @Override
    public int maxHeadDim() {
        return CudaAttention.MAX_HEAD_DIM;
    }

    @Override
    public int chunkElements() {
        return CHUNK_ELEMENTS;
    }

    @Override
    public void synchronize() {
        engine.synchronize();
    }

    @Override
    public Replays newReplays() {
        return new CudaReplays(this, engine);
    }

    @Override
    public boolean readsBack() {
        return !engine.isPlaced();
    }

    @Override
    public int[] part(int[] integers, int from, int to) {
        return engine.part(integers, from, to);
    }

    // Matrix products

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        matMul.multiply(a, b, out, accumulate, fixedOrder());
    }

    @Override
    public void batchedMatmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        matMul.multiplyBatch(a, b, out, accumulate, fixedOrder());
    }

    @Override
    public PackedMatrix pack(Tensor b, WeightFormat format) {
        return CudaPacked.of(engine.device(), b, format);
    }

    @Override
    public void repack(Tensor b, PackedMatrix into) {
        ((CudaPacked) into).replace(engine.device(), b);
    }

    @Override
    public void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate) {
        switch ((CudaPacked) b) {
            case CudaPacked.Dense dense
            when dense.matrix().dtype() == a.dtype() -> matmul(a, dense.matrix(), out, accumulate);
            case CudaPacked.Quantized quantized
            when a.extent(0) <= MATVEC_ROWS && !fixedOrder() ->
                multiplyInPlace(a.contiguous(), quantized, out, accumulate);
            case CudaPacked packed -> {
                Tensor numbers = expanded(packed, 0, packed.columns(), a.dtype()); // [N, K]
                matmul(a, numbers.t(), out, accumulate);
                numbers.close();
            }
        }
    }

    private void multiplyInPlace(Tensor a, CudaPacked.Quantized b, Tensor out, boolean accumulate) {
        // The kernel's result has its input's type; widening a row is little beside reading the weights.
        Tensor input = a.dtype() == out.dtype() ? a : a.to(out.dtype());
        engine.launch(
                CudaEngine.typed(b.format().label() + "_matvec", out.dtype()),
                Math.ceilDiv(b.columns(), 8),
                input.extent(0),
                THREADS,
                input,
                b.quants(),
                b.scales(),
                b.rows(),
                b.columns(),
                accumulate ? 1 : 0,
                out);
        if (input != a) {
            input.close();
        }
    }

    @Override
    public void unpack(PackedMatrix b, int fromColumn, Tensor out) {
        Tensor numbers = expanded((CudaPacked) b, fromColumn, out.extent(1), out.dtype()); // [n, K]
        out.copyFrom(numbers.t());
        numbers.close();
    }

    /** Some columns' numbers, transposed: [n, K] of a type, for the caller to close. */
    private Tensor expanded(CudaPacked packed, int from, int n, DType dtype) {
        Tensor numbers = Tensor.zeros(engine.device(), dtype, Shape.of(n, packed.rows())); // [n, K]
        switch (packed) {
            case CudaPacked.Dense dense ->
                numbers.deviceArray()
                        .copyFrom(0, dense.matrix().slice(1, from, from + n).t());
            case CudaPacked.Quantized quantized -> {
                View quants = View.of(engine, quantized.quants());
                View scales = View.of(engine, quantized.scales());
                int first = from * quantized.blocks();
                engine.launchOver(
                        numbers.elements(),
                        CudaEngine.typed(quantized.format().label() + "_expand", dtype),
                        new View(quants.array(), first * quantized.blockBytes()),
                        new View(scales.array(), first),
                        quantized.rows(),
                        n,
                        numbers);
            }
        }
        return numbers;
    }

    // Elementwise

    @Override
    public void add(Tensor x, Tensor y, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("add", x.dtype()), x, y, n, out);
    }

    @Override
    public void multiply(Tensor x, Tensor y, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("multiply", x.dtype()), x, y, n, out);
    }

    @Override
    public void scale(Tensor x, float factor, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("scale", x.dtype()), x, factor, n, out);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("add_scaled", x.dtype()), x, factor, n, out);
    }

    @Override
    public void addRow(Tensor x, Tensor row, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("add_row", x.dtype()), x, row, n, row.elements(), out);
    }

    @Override
    public void sumRowsInto(Tensor x, Tensor out) {
        int d = out.elements();
        int rows = d == 0 ? 0 : x.elements() / d;
        View from = View.of(engine, x);
        sumChunks(
                rows,
                d,
                out,
                (perChunk, chunks, into, accumulate) -> engine.launchNow(
                        CudaEngine.typed("sum_rows", x.dtype()),
                        Math.ceilDiv(d, THREADS),
                        chunks,
                        THREADS,
                        0,
                        from,
                        rows,
                        d,
                        perChunk,
                        into,
                        accumulate));
    }

    /** A kernel that adds up rows by chunks. */
    @FunctionalInterface
    private interface ChunkSums {
        void launch(int rowsPerChunk, int chunks, Object into, int accumulate);
    }

    /** {@code out += } sums over rows: in order, or where the order is free by chunks, whose sums are then added in order. */
    private void sumChunks(int rows, int d, Tensor out, ChunkSums kernel) {
        if (rows == 0 || d == 0) {
            return;
        }
        View target = View.of(engine, out);
        if (fixedOrder() || rows <= ROWS_PER_CHUNK) {
            engine.post(() -> kernel.launch(rows, 1, target, 1));
            return;
        }
        int chunks = Math.ceilDiv(rows, ROWS_PER_CHUNK);
        engine.post(() -> {
            try (DeviceBlock sums = engine.scratch((long) Float.BYTES * chunks * d, "sums of chunks")) { // [chunks, D]
                kernel.launch(ROWS_PER_CHUNK, chunks, sums, 0);
                engine.launchNow(
                        "sum_rows_f32", Math.ceilDiv(d, THREADS), 1, THREADS, 0, sums, chunks, d, chunks, target, 1);
            }
        });
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return sumOfSquares(List.of(x));
    }

    @Override
    public double sumOfSquares(List<Tensor> tensors) {
        return optimizer.sumOfSquares(tensors);
    }

    // Normalisation, activation, position

    @Override
    public void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {
        int d = weight.elements();
        int rows = x.elements() / d;
        engine.launch(
                CudaEngine.typed("rms_norm", x.dtype()),
                Math.ceilDiv(rows, 16),
                1,
                THREADS,
                x,
                weight,
                epsilon,
                rows,
                d,
                out,
                inverseRms);
    }

    @Override
    public void rmsNormBackward(Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, Tensor dWeight) {
        int d = weight.elements();
        int rows = x.elements() / d;
        engine.launch(
                CudaEngine.typed("rms_norm_backward", x.dtype()),
                Math.ceilDiv(rows, 16),
                1,
                THREADS,
                dOut,
                x,
                weight,
                inverseRms,
                rows,
                d,
                dX);
        if (dWeight != null) {
            View of = View.of(engine, dOut);
            View at = View.of(engine, x);
            View scales = View.of(engine, inverseRms);
            String kernel = CudaEngine.typed("rms_norm_weight_gradient", x.dtype());
            sumChunks(
                    rows,
                    d,
                    dWeight,
                    (perChunk, chunks, into, accumulate) -> engine.launchNow(
                            kernel,
                            Math.ceilDiv(d, THREADS),
                            chunks,
                            THREADS,
                            0,
                            of,
                            at,
                            scales,
                            rows,
                            d,
                            perChunk,
                            into,
                            accumulate));
        }
    }

    @Override
    public void rotary(Tensor x, int headDim, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {
        engine.launch(
                CudaEngine.typed("rotary", x.dtype()),
                positions.length,
                1,
                THREADS,
                x,
                x.extent(1),
                headDim,
                cos,
                sin,
                positions,
                inverse ? 1 : 0,
                out);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        long n = out.elements();
        engine.launchOver(n, CudaEngine.typed("swiglu", gate.dtype()), gate, up, n, out);
    }

    @Override
    public void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        long n = dOut.elements();
        engine.launchOver(n, CudaEngine.typed("swiglu_backward", gate.dtype()), dOut, gate, up, n, dGate, dUp);
    }

    // Rows

    @Override
    public void gatherRows(Tensor table, int[] rows, Tensor out) {
        if (out.elements() > 0) {
            engine.launch(
                    "gather_rows_" + CudaEngine.fromTo(table.dtype(), out.dtype()),
                    rows.length,
                    1,
                    THREADS,
                    table,
                    rows,
                    out.extent(1),
                    out);
        }
    }

    @Override
    public void scatterAddRows(Tensor x, int[] rows, Tensor table) {
        if (x.elements() > 0) {
            RowGroups groups = engine.groups(rows);
            engine.launch(
                    "scatter_add_rows_" + CudaEngine.fromTo(x.dtype(), table.dtype()),
                    groups.count(),
                    1,
                    THREADS,
                    x,
                    groups.order(),
                    groups.starts(),
                    groups.targets(),
                    x.extent(1),
                    table);
        }
    }

    // Attention

    @Override
    public KvCache newKvCache(int layers, int kvHeads, int headDim, DType dtype) {
        CudaEngine.typed("attention", dtype); // F32 or BF16, or an error
        return new CudaKvCache(this, engine, layers, kvHeads, headDim, dtype);
    }

    @Override
    public void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, Tensor stats) {
        attention.cached(q, rows, form, out, stats, fixedOrder());
    }

    @Override
    public void attention(Qkv qkv, Segments segments, AttentionForm form, Tensor out, Tensor stats) {
        attention.packed(qkv, segments, form, out, stats);
    }

    @Override
    public void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {
        attention.backward(dOut, in, out, stats, segments, form, gradients);
    }

    // Several operations in one, for few rows

    @Override
    public int fusedRows(int width, DType dtype) {
        return fixedOrder() ? 0 : fused.rows(width, dtype);
    }

    @Override
    public Optional<Tensor> transposeOf(PackedMatrix packed) {
        return packed instanceof CudaPacked.Dense dense
                ? Optional.of(dense.matrix().t())
                : Optional.empty();
    }

    @Override
    public void normLinear(Tensor x, RmsGain norm, List<AffineLayer> layers, List<Tensor> outs) {
        fused.normLinear(x, norm, layers, outs);
    }

    @Override
    public void normSwiGlu(Tensor x, RmsGain norm, Tensor gate, Tensor up, Tensor out) {
        fused.normSwiGlu(x, norm, gate, up, out);
    }

    @Override
    public void linearAdd(Tensor x, AffineLayer layer, Tensor residual, Tensor out) {
        fused.linearAdd(x, layer, residual, out);
    }

    @Override
    public void rotateAndAppend(
            Tensor q,
            Optional<RmsGain> qNorm,
            Tensor k,
            Optional<RmsGain> kNorm,
            Tensor v,
            Rotation rotation,
            CachedRows rows,
            Tensor out) {
        boolean done = rows.cache() instanceof CudaKvCache cache
                && cache.rotateAndAppend(q, qNorm, k, kNorm, v, rotation, rows, out);
        if (!done) {
            Backend.super.rotateAndAppend(q, qNorm, k, kNorm, v, rotation, rows, out);
        }
    }

    // Softmax over the vocabulary

    @Override
    public void logProbs(
            Tensor logits, float inverseTemperature, int[] targets, Tensor logProbs, Tensor entropy, Tensor stats) {
        engine.launch(
                CudaEngine.typed("log_probs", logits.dtype()),
                targets.length,
                1,
                THREADS,
                logits,
                logits.extent(1),
                inverseTemperature,
                targets,
                logProbs,
                entropy,
                stats);
    }

    @Override
    public void logProbsBackward(
            Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats) {
        engine.launch(
                CudaEngine.typed("log_probs_backward", logits.dtype()),
                targets.length,
                1,
                THREADS,
                logits,
                logits.extent(1),
                inverseTemperature,
                targets,
                dLogProbs,
                stats);
    }

    @Override
    public void softmax(Tensor logits, float inverseTemperature, Tensor out) {
        engine.launch(
                CudaEngine.typed("softmax", logits.dtype()),
                logits.extent(0),
                1,
                THREADS,
                logits,
                logits.extent(1),
                inverseTemperature,
                out);
    }

    // Choosing tokens

    @Override
    public int[] argmax(Tensor logits) {
        return sampling.argmax(logits);
    }

    @Override
    public int[] sample(Tensor logits, float inverseTemperature, long seed, int[] coordinates) {
        return sampling.sample(logits, inverseTemperature, seed, coordinates);
    }

    @Override
    public int[] sample(Tensor logits, SamplingFilters filters, long seed, int[] coordinates) {
        return sampling.sample(logits, filters, seed, coordinates);
    }

    @Override
    public Tensor penalize(Tensor logits, int[][] seen, float penalty) {
        return sampling.penalize(logits, seen, penalty);
    }

    @Override
    public TokenChoice choose(Tensor logits, Tensor shaped, TokenChoice.Rule rule) {
        return sampling.choose(logits, shaped, rule);
    }

    // Optimizer

    @Override
    public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        adamW(List.of(new AdamWTensors(parameter, gradient, m, v)), step);
    }

    @Override
    public void adamW(List<AdamWTensors> all, AdamWStep step) {
        optimizer.adamW(all, step);
    }
}
