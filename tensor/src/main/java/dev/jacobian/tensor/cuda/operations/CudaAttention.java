// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.AttentionKernels;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.engine.CudaArray;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Attention and its gradients: chooses kernels and cuts a ragged batch into their tiles.
 *
 * <p>BF16 goes to {@link CudaFlashAttention} where the head size allows. The kernels here compute in F32; the one-pass ones have
 * the reference's bits. Decoding a token at a time may use a kernel that splits the keys, which is faster where there are few
 * sequences and has other bits.
 */
public final class CudaAttention implements AttentionKernels {
    private static final int FORWARD_ROWS = 32;
    private static final int BACKWARD_ROWS = 16;
    private static final int DECODE_KEYS = 256;
    private static final int MAX_DECODE_GROUP = 16;

    private static final int SINK_THREADS = 32;

    /** The largest head that kernels are compiled for. */
    static final int MAX_HEAD_DIM = 128;

    private static final int[] COMPILED = {32, 64, MAX_HEAD_DIM};

    private final Backend backend;
    private final CudaEngine engine;
    private final CudaFlashAttention flash;

    public CudaAttention(Backend backend, CudaEngine engine) {
        this.backend = backend;
        this.engine = engine;
        this.flash = new CudaFlashAttention(engine);
    }

    /** The smallest head size that kernels are compiled for and that holds the given one. */
    static int compiled(int headDim) {
        return Arrays.stream(COMPILED)
                .filter(d -> d >= headDim)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("attention on a GPU has heads of up to " + MAX_HEAD_DIM
                        + " elements, the model's have " + headDim));
    }

    private static String kernel(String family, DType dtype, int headDim) {
        return CudaEngine.typed(family, dtype) + "_" + compiled(headDim);
    }

    @Override
    public int maxHeadDim() {
        return MAX_HEAD_DIM;
    }

    @Override
    public KvCache newKvCache(List<CacheSpec> layers, DType dtype) {
        CudaEngine.typed("attention", dtype); // F32 or BF16, or an error
        return new CudaKvCache(backend, engine, layers, dtype);
    }

    @Override
    public void attention(Qkv qkv, Segments segments, AttentionForm form, Tensor out, @Nullable Tensor stats) {
        if (segments.isNested()) { // kernels of packed keys look one parent up, a cache forks at any depth
            AttentionKernels.super.attention(qkv, segments, form, out, stats);
            return;
        }
        int headDim = form.headDim();
        if (CudaFlashAttention.takes(headDim, qkv.q(), qkv.k(), qkv.v(), out)) {
            flash.packed(qkv, segments, form, out, stats);
            return;
        }
        AttentionArguments arguments = AttentionArguments.of(qkv, form);
        int[] tiles = AttentionBatch.tiles(segments, FORWARD_ROWS); // [T, 2]
        engine.launch(
                kernel("attention", qkv.q().dtype(), headDim),
                tiles.length / 2,
                arguments.heads(),
                256,
                arguments.packed(qkv, segments, tiles, out, stats));
    }

    @Override
    public void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, @Nullable Tensor stats) {
        Segments segments = rows.segments();
        if (segments.rows() == 0) {
            return;
        }
        CudaKvCache cache = of(engine, rows.cache());
        int layer = rows.layer();
        int headDim = cache.headDim(layer);
        int heads = q.extent(1) / headDim;
        CachedPages pages = cache.pages(rows.sequences());
        boolean decoding = segments.rows() == segments.count()
                && IntStream.range(0, segments.count()).allMatch(s -> segments.length(s) == 1);
        boolean takesFlash = CudaFlashAttention.takes(headDim, q, out);
        if (decoding && stats == null) {
            boolean flashDecodes = takesFlash && CudaFlashAttention.decodes(heads, cache.kvHeads(layer));
            if (heads / cache.kvHeads(layer) <= MAX_DECODE_GROUP
                    && !engine.isBatchInvariant()
                    && !(flashDecodes && fillsDevice(segments.count() * cache.kvHeads(layer)))) {
                decode(q, rows, pages, form, out);
                return;
            }
            if (flashDecodes) {
                flash.decode(q, rows, pages, form, out);
                return;
            }
        }
        if (takesFlash) {
            flash.cached(q, rows, pages, form, out, stats);
            return;
        }
        int[] tiles = AttentionBatch.tiles(segments, FORWARD_ROWS); // [T, 2]
        engine.launch(
                kernel("attention_paged", q.dtype(), headDim),
                tiles.length / 2,
                heads,
                256,
                AttentionArguments.of(q, cache, layer, form)
                        .paged(q, cache, layer, pages, segments, tiles, out, stats));
    }

    /** Whether so many blocks keep every multiprocessor busy, so that splitting keys would gain nothing. */
    private boolean fillsDevice(int blocks) {
        return blocks >= 2 * engine.context().device().multiprocessors();
    }

    private void decode(Tensor q, CachedRows rows, CachedPages pages, AttentionForm form, Tensor out) {
        CudaKvCache cache = of(engine, rows.cache());
        int layer = rows.layer();
        int count = rows.segments().count();
        int headDim = cache.headDim(layer);
        AttentionArguments arguments = AttentionArguments.of(q, cache, layer, form);
        int heads = arguments.heads();
        int splits = Math.ceilDiv(pages.longest(), DECODE_KEYS);
        Object table = engine.integers(pages.table());
        Object after = engine.integers(pages.after());
        String stretch = kernel("decode", q.dtype(), headDim);
        String combine = CudaEngine.typed("decode_combine", q.dtype());
        CudaArray.View from = CudaArray.View.of(engine, q);
        CudaArray.View into = CudaArray.View.of(engine, out);
        CudaArray.View keys = cache.keys(layer);
        CudaArray.View values = cache.values(layer);
        engine.post(() -> {
            long parts = (long) count * heads * splits;
            try (DeviceBlock partials = engine.scratch(Float.BYTES * parts * headDim, "partial attention");
                    DeviceBlock stats = engine.scratch(Float.BYTES * parts * 2, "partial attention's sums")) {
                engine.launchNow(
                        stretch,
                        count * splits,
                        arguments.kvHeads(),
                        256,
                        0,
                        arguments.around(
                                List.of(from, keys, values, table, pages.pages(), after, splits), partials, stats));
                engine.launchNow(
                        combine,
                        count * heads,
                        1,
                        128,
                        0,
                        partials,
                        stats,
                        after,
                        splits,
                        heads,
                        headDim,
                        form.window(),
                        into);
            }
        });
    }

    @Override
    public void sinks(Tensor sinks, Tensor out, Tensor stats) {
        int heads = sinks.elements();
        if (out.elements() > 0) {
            engine.launch(
                    CudaEngine.typed("attention_sinks", out.dtype()),
                    out.extent(0),
                    heads,
                    SINK_THREADS,
                    sinks,
                    heads,
                    out.extent(1) / heads,
                    out,
                    stats);
        }
    }

    @Override
    public void sinksBackward(Tensor dOut, Tensor out, Tensor stats, Tensor sinks, Tensor dSinks) {
        int heads = sinks.elements();
        engine.launch(
                CudaEngine.typed("attention_sinks_backward", out.dtype()),
                heads,
                1,
                256,
                dOut,
                out,
                stats,
                sinks,
                out.extent(0),
                heads,
                out.extent(1) / heads,
                dSinks);
    }

    @Override
    public void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {
        if (segments.isNested()) {
            throw new UnsupportedOperationException(
                    "a GPU has no gradient of attention where a continuation is continued;"
                            + " give each of its paths as a segment of its own, or train on the CPU");
        }
        Tensor q = in.q(); // [N, H · headDim]
        int headDim = form.headDim();
        if (CudaFlashAttention.takes(
                headDim, dOut, q, in.k(), in.v(), out, gradients.q(), gradients.k(), gradients.v())) {
            flash.backward(dOut, in, out, stats, segments, form, gradients);
            return;
        }
        AttentionArguments arguments = AttentionArguments.of(in, form);
        int heads = arguments.heads();
        int[] tiles = AttentionBatch.tiles(segments, BACKWARD_ROWS); // [T, 2]
        if (tiles.length == 0) {
            return;
        }
        int[] starts = AttentionBatch.starts(segments);
        int[] parents = AttentionBatch.parents(segments);
        String ofDelta = CudaEngine.typed("attention_delta", q.dtype());
        String ofQueries = kernel("attention_query_gradient", q.dtype(), headDim);
        String ofKeys = kernel("attention_key_gradient", q.dtype(), headDim);
        long rows = (long) segments.rows() * heads;
        CudaArray.View[] views = new CudaArray.View[9];
        Tensor[] tensors = {dOut, q, in.k(), in.v(), out, stats, gradients.q(), gradients.k(), gradients.v()};
        Arrays.setAll(views, i -> CudaArray.View.of(engine, tensors[i]));
        engine.post(() -> {
            try (DeviceBlock deltas = engine.scratch(Float.BYTES * rows, "attention's deltas")) {
                engine.launchNow(
                        ofDelta, (int) Math.ceilDiv(rows, 16L), 1, 256, 0, views[0], views[4], rows, headDim, deltas);
                engine.launchNow(
                        ofQueries,
                        tiles.length / 2,
                        heads,
                        128,
                        0,
                        arguments.around(
                                List.of(
                                        views[0], views[1], views[2], views[3], views[5], deltas, starts, parents,
                                        tiles),
                                views[6]));
                engine.launchNow(
                        ofKeys,
                        tiles.length / 2,
                        arguments.kvHeads(),
                        128,
                        0,
                        arguments.around(
                                List.of(
                                        views[0],
                                        views[1],
                                        views[2],
                                        views[3],
                                        views[5],
                                        deltas,
                                        starts,
                                        parents,
                                        segments.count(),
                                        tiles),
                                views[7],
                                views[8]));
            }
        });
    }

    /** The cache as one of this engine's, or an error. */
    static CudaKvCache of(CudaEngine engine, KvCache cache) {
        if (cache instanceof CudaKvCache own && own.engine() == engine) {
            return own;
        }
        throw new IllegalArgumentException("the cache belongs to another device or arithmetic than " + engine.device()
                + "; make it with this one's newKvCache");
    }
}
