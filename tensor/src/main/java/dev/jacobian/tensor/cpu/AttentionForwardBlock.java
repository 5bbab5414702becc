// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.HeapKvCache;
import java.util.Arrays;

/**
 * What a thread needs for a task of {@link VectorAttention}, and its loops: query rows of one segment that share a head of keys, token
 * after token, against the keys that they see.
 *
 * <p>Decision: rows go through the tiles by four. Where keys and values no longer stay in a core's cache, or must be widened first,
 * {@value #MANY} rows go together over one strip of keys after the other, so that what comes from memory is used four times. Each score is one
 * chain over the head's elements and each sum one chain over the keys in order, so the bits do not depend on it.
 */
final class AttentionForwardBlock {
    private static final int PAGE = KvCache.PAGE;

    /** Rows of a tile. */
    private static final int TILE = 4;

    /** Rows of a block over keys that are far away; a multiple of a tile. */
    private static final int MANY = 16;

    /** Bytes of a head's keys and values that stay near. */
    private static final long NEAR = 1 << 20;

    private static final Tensor NONE = Tensor.zeros(0);
    private static final ThreadLocal<AttentionForwardBlock> CURRENT =
            ThreadLocal.withInitial(AttentionForwardBlock::new);

    private final ExactHead exact = new ExactHead();
    private final RoundedHead rounded = new RoundedHead();
    private Tensor q = NONE;
    private Tensor out = NONE;
    private @Nullable Tensor stats;
    private AttentionForm form = new AttentionForm(1, 1f, 0);
    private CachedHead head = exact;
    private int headDim;
    private int valueWidth;
    private int heads;
    private int group;
    private int kvHead;
    private int start; // batch row of the first token
    private int history; // position of the first token
    private int many;
    private int stride;
    private float[] queries = new float[0]; // [many / 4, headDim, 4]
    private float[] scores = queries; // [many, stride]
    private float[] sums = queries; // [many, valueWidth]
    private float[] parts = queries;

    private AttentionForwardBlock() {}

    /**
     * The tokens [from, to) of segment s, for the query heads of one kv head. A thread has one block, so that a call allocates nothing;
     * between calls it holds on to nothing that is not its thread's own.
     */
    static void run(
            Tensor q,
            CachedRows batch,
            int s,
            int from,
            int to,
            int kvHead,
            AttentionForm form,
            Tensor out,
            @Nullable Tensor stats) {
        AttentionForwardBlock block = CURRENT.get();
        block.q = q;
        block.out = out;
        block.stats = stats;
        block.form = form;
        block.kvHead = kvHead;
        try {
            block.begin(batch, s, from, to);
            block.tokens(to - from);
        } finally {
            block.q = NONE;
            block.out = NONE;
            block.stats = null;
            block.exact.close();
            block.rounded.close();
        }
    }

    private void begin(CachedRows batch, int s, int from, int to) {
        HeapKvCache cache = (HeapKvCache) batch.cache();
        int layer = batch.layer();
        int sequence = batch.sequences()[s];
        headDim = cache.headDim(layer);
        valueWidth = cache.valueWidth(layer);
        heads = q.extent(1) / headDim;
        group = heads / cache.kvHeads(layer);
        start = batch.segments().start(s) + from;
        history = cache.length(sequence) + from;
        boolean isRounded = cache.isRounded(layer);
        if (isRounded) {
            head = rounded.of(cache, layer, sequence, kvHead);
        } else {
            head = exact.of(cache, layer, sequence, kvHead);
        }
        int keys = history + to - from;
        boolean far = isRounded || (long) keys * (headDim + valueWidth) * Float.BYTES > NEAR;
        many = far ? MANY : TILE;
        int window = form.window();
        stride = VectorAttention.scoreStride(window > 0 ? Math.min(keys, window + MANY + PAGE) : keys);
        Scratch scratch = Scratch.current();
        queries = scratch.get(Slot.QUERIES, headDim * many);
        scores = scratch.get(Slot.SCORES, stride * many);
        sums = scratch.get(Slot.OUT_ROWS, valueWidth * many);
        parts = scratch.get(Slot.LANES, 2 * VectorSum.PARTS);
    }

    /** All query rows of so many tokens. */
    private void tokens(int tokens) {
        int rows = tokens * group;
        for (int row = 0; row < rows; row += many) {
            block(row, Math.min(many, rows - row));
        }
    }

    private int position(int row) {
        return history + row / group;
    }

    private int firstKey(int row) {
        return VectorAttention.firstKey(position(row), form.window());
    }

    /** Index of a row among [N, H] when the query heads of a kv head are stacked token by token. */
    private int headRow(int row) {
        return (start + row / group) * heads + kvHead * group + row % group;
    }

    private void block(int row, int n) {
        int base = firstKey(row) & -PAGE; // the key whose score stands at index 0
        int end = position(row + n - 1) + 1;
        int tiles = (n + TILE - 1) / TILE;
        for (int r = 0; r < tiles * TILE; r++) { // the last row fills the last tile
            int at = headRow(row + Math.min(r, n - 1)) * headDim;
            VectorAttention.packQuery(q, at, headDim, queries, r / TILE * headDim * TILE + r % TILE);
        }
        int strip = many == TILE ? end : head.strip();
        for (int first = base; first < end; first = next(first, strip)) {
            int last = Math.min(end, next(first, strip));
            for (int tile = 0; tile < tiles; tile++) {
                int to = tile * TILE * stride - base;
                head.scores(queries, tile * headDim * TILE, first, last, scores, to, stride);
            }
        }
        for (int r = 0; r < n; r++) {
            int seen = position(row + r) + 1;
            VectorAttention.exponentials(scores, r * stride, firstKey(row + r) - base, seen - base, form, parts);
            VectorAttention.finishRow(scores, r, stride, parts, stats, headRow(row + r));
        }
        Arrays.fill(sums, 0, tiles * TILE * valueWidth, 0f);
        for (int first = base; first < end; first = next(first, strip)) {
            for (int tile = 0; tile < tiles; tile++) {
                commonValues(row, n, tile, first, next(first, strip), base);
            }
        }
        for (int r = 0; r < n; r++) {
            ownValues(row, n, r, base);
            int at = out.offset() + headRow(row + r) * headDim;
            VectorAttention.scaled(sums, r * valueWidth, scores[(r + 1) * stride - 1], out.floats(), at, headDim);
        }
    }

    /** The first key of the next strip: strips begin where the cache's do, so that none is widened twice. */
    private static int next(int key, int strip) {
        return (key / strip + 1) * strip;
    }

    /** Whether all rows of a tile begin with the same key, so that what they all see goes four rows at a time. */
    private boolean together(int row, int n, int tile) {
        return firstKey(row + tile * TILE) == firstKey(row + Math.min(n, (tile + 1) * TILE) - 1);
    }

    /** The end of the keys that all rows of a tile see. */
    private int common(int row, int tile) {
        return position(row + tile * TILE) + 1;
    }

    /** What all rows of a tile see of the keys [first, last). */
    private void commonValues(int row, int n, int tile, int first, int last, int base) {
        int from = Math.max(first, firstKey(row + tile * TILE));
        int to = Math.min(last, common(row, tile));
        if (from < to && together(row, n, tile)) {
            head.values(from, to, scores, tile * TILE * stride - base, stride, sums, tile * TILE * valueWidth);
        }
    }

    /** What one row sees besides. */
    private void ownValues(int row, int n, int r, int base) {
        int tile = r / TILE;
        int from = together(row, n, tile) ? common(row, tile) : firstKey(row + r);
        head.rowValues(from, position(row + r) + 1, scores, r * stride - base, sums, r * valueWidth);
    }
}
