// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The arguments of attention's kernels, which are in one order for all of them: what is read and where it is, the heads, what is
 * written.
 *
 * @param heads query heads
 * @param kvHeads key heads
 */
record AttentionArguments(int heads, int kvHeads, AttentionForm form) {
    /** For a batch that has its keys itself. */
    static AttentionArguments of(Qkv qkv, AttentionForm form) {
        return new AttentionArguments(
                qkv.q().extent(1) / form.headDim(), qkv.k().extent(1) / form.headDim(), form);
    }

    /** For queries over a layer of a cache. */
    static AttentionArguments of(Tensor q, CudaKvCache cache, int layer, AttentionForm form) {
        return new AttentionArguments(q.extent(1) / cache.headDim(layer), cache.kvHeads(layer), form);
    }

    /** Of {@code attention} and {@code flash}: a batch that has its keys itself. */
    @Nullable
    Object[] packed(Qkv qkv, Segments segments, int[] tiles, Tensor out, @Nullable Tensor stats) {
        return around(
                List.of(
                        qkv.q(),
                        qkv.k(),
                        qkv.v(),
                        AttentionBatch.starts(segments),
                        AttentionBatch.parents(segments),
                        tiles),
                out,
                stats);
    }

    /** Of {@code attention_paged} and {@code flash_paged}: keys in the pages of a cache. */
    @Nullable
    Object[] paged(
            Tensor q,
            CudaKvCache cache,
            int layer,
            CachedPages pages,
            Segments segments,
            int[] tiles,
            Tensor out,
            @Nullable Tensor stats) {
        return around(
                List.of(
                        q,
                        cache.keys(layer),
                        cache.values(layer),
                        pages.table(),
                        pages.pages(),
                        AttentionBatch.starts(segments),
                        pages.before(),
                        tiles),
                out,
                stats);
    }

    /** What is read, the heads, what is written. */
    @Nullable
    Object[] around(List<Object> read, @Nullable Object... written) {
        List<@Nullable Object> all = new ArrayList<>(read);
        all.addAll(List.of(heads, kvHeads, form.headDim(), form.scale(), form.window(), form.softCap()));
        all.addAll(Arrays.asList(written));
        return all.toArray();
    }
}
