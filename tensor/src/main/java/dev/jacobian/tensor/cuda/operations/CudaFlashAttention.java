// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import java.util.List;

/**
 * Flash attention in BF16 on tensor cores: launches the kernels of {@code flash_forward.cuh} and {@code flash_backward.cuh}.
 *
 * <p>A row has the same bits alone, in a batch, in a tile that begins elsewhere, over a cache and decoded as one new token.
 */
final class CudaFlashAttention {
    /** Rows of queries or keys that a block owns, and its threads unless the head is large. */
    private static final int ROWS = 128;

    private static final int THREADS = 128;
    private static final int ALIGNMENT = 16;
    private static final int LARGEST_GROUP = 64;
    private final CudaEngine engine;

    CudaFlashAttention(CudaEngine engine) {
        this.engine = engine;
    }

    /** Whether the kernels can read these tensors: BF16 in rows of whole 16-byte pieces. */
    static boolean takes(int headDim, Tensor... tensors) {
        for (Tensor tensor : tensors) {
            if (tensor.dtype() != DType.BF16 || tensor.offset() * DType.BF16.bytes() % ALIGNMENT != 0) {
                return false;
            }
        }
        return headDim <= CudaAttention.MAX_HEAD_DIM && headDim * DType.BF16.bytes() % ALIGNMENT == 0;
    }

    /** Attention within a batch; see {@link CudaAttention}. */
    void packed(Qkv qkv, Segments segments, AttentionForm form, Tensor out, @Nullable Tensor stats) {
        int headDim = form.headDim();
        AttentionArguments arguments = AttentionArguments.of(qkv, form);
        int[] tiles = AttentionBatch.tilesByPosition(segments, ROWS, true); // [T, 2]
        engine.launchShared(
                "flash_" + CudaAttention.compiled(headDim),
                tiles.length / 2,
                arguments.heads(),
                THREADS,
                forwardBytes(headDim),
                arguments.packed(qkv, segments, tiles, out, stats));
    }

    private static int forwardBytes(int headDim) {
        return 768 * CudaAttention.compiled(headDim) + 16;
    }

    /** Attention over a cache; see {@link CudaAttention}. */
    void cached(Tensor q, CachedRows rows, CachedPages pages, AttentionForm form, Tensor out, @Nullable Tensor stats) {
        CudaKvCache cache = CudaAttention.of(engine, rows.cache());
        int layer = rows.layer();
        Segments segments = rows.segments();
        int headDim = cache.headDim(layer);
        AttentionArguments arguments = AttentionArguments.of(q, cache, layer, form);
        int[] tiles = AttentionBatch.tilesByPosition(segments, ROWS, true); // [T, 2]
        engine.launchShared(
                "flash_paged_" + CudaAttention.compiled(headDim),
                tiles.length / 2,
                arguments.heads(),
                THREADS,
                forwardBytes(headDim),
                arguments.paged(q, cache, layer, pages, segments, tiles, out, stats));
    }

    /** Whether {@link #decode} can share a key head among so many query heads. */
    static boolean decodes(int heads, int kvHeads) {
        return heads / kvHeads <= LARGEST_GROUP;
    }

    /** {@link #cached} for one new token of each sequence, with its bits; the keys of a sequence are not split. */
    void decode(Tensor q, CachedRows rows, CachedPages pages, AttentionForm form, Tensor out) {
        CudaKvCache cache = CudaAttention.of(engine, rows.cache());
        int layer = rows.layer();
        int compiled = CudaAttention.compiled(cache.headDim(layer));
        engine.launchShared(
                "flash_decode_" + compiled,
                rows.segments().count(),
                cache.kvHeads(layer),
                THREADS,
                640 * compiled + 16,
                AttentionArguments.of(q, cache, layer, form)
                        .around(
                                List.of(
                                        q,
                                        cache.keys(layer),
                                        cache.values(layer),
                                        pages.table(),
                                        pages.pages(),
                                        pages.after()),
                                out));
    }

    /** Gradients of {@link #packed}. */
    void backward(Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {
        int headDim = form.headDim();
        AttentionArguments arguments = AttentionArguments.of(in, form);
        int heads = arguments.heads();
        int compiled = CudaAttention.compiled(headDim);
        int threads = compiled == CudaAttention.MAX_HEAD_DIM ? 2 * THREADS : THREADS;
        int keyBytes = (compiled == 64 ? 768 : 512) * compiled + 1040;
        int[] queryTiles = AttentionBatch.tilesByPosition(segments, ROWS, true); // [T, 2]
        int[] keyTiles = AttentionBatch.tilesByPosition(segments, ROWS, false); // [T, 2]
        int[] starts = AttentionBatch.starts(segments);
        int[] parents = AttentionBatch.parents(segments);
        int count = queryTiles.length / 2;
        if (count == 0) {
            return;
        }
        long rows = (long) segments.rows() * heads;
        View ofDOut = View.of(engine, dOut);
        View ofQ = View.of(engine, in.q());
        View ofK = View.of(engine, in.k());
        View ofV = View.of(engine, in.v());
        View ofOut = View.of(engine, out);
        View ofStats = View.of(engine, stats);
        View toQ = View.of(engine, gradients.q());
        View toK = View.of(engine, gradients.k());
        View toV = View.of(engine, gradients.v());
        engine.post(() -> {
            try (DeviceBlock facts = engine.scratch(2 * Float.BYTES * rows, "attention's facts of rows")) {
                engine.launchNow(
                        "flash_facts",
                        (int) Math.ceilDiv(rows, 16L),
                        1,
                        256,
                        0,
                        ofDOut,
                        ofOut,
                        ofStats,
                        rows,
                        headDim,
                        facts);
                engine.launchNow(
                        "flash_query_gradient_" + compiled,
                        count,
                        heads,
                        threads,
                        512 * compiled,
                        arguments.around(List.of(ofDOut, ofQ, ofK, ofV, facts, starts, parents, queryTiles), toQ));
                engine.launchNow(
                        "flash_key_gradient_" + compiled,
                        count,
                        arguments.kvHeads(),
                        threads,
                        keyBytes,
                        arguments.around(
                                List.of(ofDOut, ofQ, ofK, ofV, facts, starts, parents, segments.count(), keyTiles),
                                toK,
                                toV));
            }
        });
    }
}
