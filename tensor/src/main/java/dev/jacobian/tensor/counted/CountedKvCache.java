// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.counted;

import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.CarriedStates;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvShape;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Shape;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.reference.HeapKvCache;
import dev.jacobian.tensor.reference.PagedLayer;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The pages that a {@link dev.jacobian.tensor.reference.HeapKvCache} would have, as numbers of them.
 *
 * <p>{@link #advance} without {@link #append} stands for as many steps of decoding: the next append takes the pages of all of them.
 * Released sequences keep their pages until the scope ends, so what is counted is the most that a cache may hold.
 */
final class CountedKvCache implements KvCache {
    private final List<CacheSpec> layers;
    private final Workspace.Scope memory = Workspace.scope();
    private int[] lengths = new int[16]; // tokens of each sequence
    private int[] held = new int[16]; // pages of each sequence in each layer, shared ones and those behind a window too
    private final int[][] first; // of each layer with a window: of a sequence's own pages the first that is there
    private final Map<Integer, Long> waiting =
            new HashMap<>(); // pages that windows have left, by length, of words by −length
    private final int lastWithKeys; // the layer after which a step is over
    private int count;
    private long bytes;

    CountedKvCache(List<CacheSpec> layers) {
        this.layers = layers;
        int last = layers.size() - 1;
        while (last > 0 && !(layers.get(last) instanceof KvShape)) {
            last--;
        }
        lastWithKeys = last;
        first = layers.stream()
                .map(layer ->
                        layer instanceof KvShape shape && shape.window() > 0 ? new int[lengths.length] : new int[0])
                .toArray(int[][]::new);
    }

    @Override
    public int add() {
        return add(0);
    }

    @Override
    public int fork(int parent, int length) {
        return add(length);
    }

    private int add(int length) {
        if (count == lengths.length) {
            lengths = Arrays.copyOf(lengths, 2 * count);
            held = Arrays.copyOf(held, 2 * count);
            Arrays.setAll(first, layer -> Arrays.copyOf(first[layer], first[layer].length == 0 ? 0 : 2 * count));
        }
        lengths[count] = length;
        held[count] = length / PAGE; // a page that is not full is copied as soon as it is written to
        for (int layer = 0; layer < first.length; layer++) {
            if (first[layer].length > 0) {
                first[layer][count] = held[count]; // what is shared stays
            }
            switch (layers.get(layer)) {
                case KvShape grows -> {}
                case CarriedStates carried -> carried.shapes().forEach(this::countState);
            }
        }
        return count++;
    }

    private void countState(Shape state) {
        memory.countPages(state.elements(), 1);
        bytes += (long) Float.BYTES * state.elements();
    }

    @Override
    public List<Tensor> states(int layer, int number, int[] sequences) {
        Shape shape = switch (layers.get(layer)) {
            case CarriedStates carried -> carried.shapes().get(number);
            case KvShape kv -> throw HeapKvCache.wrongKind(layer);
        };
        return Collections.nCopies(sequences.length, Tensor.zeros(Device.COUNTED, DType.F32, shape));
    }

    @Override
    public void release(int sequence) {}

    @Override
    public int length(int sequence) {
        return lengths[sequence];
    }

    @Override
    public void append(int layer, int[] sequences, Segments segments, Tensor keys, Tensor values) {
        KvShape shape = switch (layers.get(layer)) {
            case KvShape kv -> kv;
            case CarriedStates carried -> throw HeapKvCache.wrongKind(layer);
        };
        long missing = 0;
        for (int s = 0; s < sequences.length; s++) {
            int sequence = sequences[s];
            int needed = Math.ceilDiv(lengths[sequence] + segments.length(s), PAGE);
            if (shape.window() > 0) {
                int from = Math.max(first[layer][sequence], firstKept(shape, sequence, segments.length(s), needed));
                missing += needed - from - Math.max(0, held[sequence] - first[layer][sequence]);
                first[layer][sequence] = from;
            } else {
                missing += Math.max(0, needed - held[sequence]);
            }
            if (layer == lastWithKeys) {
                held[sequence] = Math.max(needed, held[sequence]);
            }
        }
        boolean isRounded = shape.type().isRounded();
        take(PagedLayer.keyFloats(shape), missing, !isRounded);
        take(PagedLayer.valueFloats(shape), missing, !isRounded);
        if (isRounded) {
            take(-PagedLayer.keyWords(shape), missing, false);
            take(-PagedLayer.valueWords(shape), missing, false);
        }
    }

    /** The first page that a window keeps; where steps were left out, as if all the pages were there that ever were together. */
    private int firstKept(KvShape shape, int sequence, int tokens, int needed) {
        boolean isNext = lengths[sequence] <= held[sequence] * PAGE;
        return isNext
                ? shape.firstKeptPage(lengths[sequence])
                : needed - (int) shape.pages(lengths[sequence] + tokens, tokens);
    }

    /**
     * Takes arrays of a length, of floats, or of words where it is negative; those that windows have left first. Gives back what is missing
     * less than nothing.
     *
     * @param recycled whether the workspace may hand them on; arrays so short that it does not are not counted then
     */
    private void take(int length, long missing, boolean recycled) {
        long free = waiting.getOrDefault(length, 0L) - missing;
        long made = Math.max(0, -free);
        waiting.put(length, Math.max(0, free));
        if (recycled) {
            memory.countPages(length, made);
        } else {
            memory.countBytes(made * Float.BYTES * Math.abs(length));
        }
        bytes += made * Float.BYTES * Math.abs(length);
    }

    @Override
    public void advance(int[] sequences, Segments segments) {
        for (int s = 0; s < sequences.length; s++) {
            lengths[sequences[s]] += segments.length(s);
        }
    }

    @Override
    public long bytes() {
        return bytes;
    }

    @Override
    public long usedBytes() {
        return bytes;
    }

    @Override
    public long bytesOf(int tokens, int atOnce) {
        return HeapKvCache.bytesOf(layers, tokens, atOnce);
    }
}
