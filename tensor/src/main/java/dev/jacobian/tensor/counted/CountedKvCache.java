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
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

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
    private int[] held = new int[16]; // pages of each sequence in each layer, shared ones too
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
        }
        lengths[count] = length;
        held[count] = length / PAGE; // a page that is not full is copied as soon as it is written to
        for (CacheSpec layer : layers) {
            switch (layer) {
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
        long missing = 0;
        for (int s = 0; s < sequences.length; s++) {
            int needed = Math.ceilDiv(lengths[sequences[s]] + segments.length(s), PAGE);
            missing += Math.max(0, needed - held[sequences[s]]);
            if (layer == lastWithKeys) {
                held[sequences[s]] = Math.max(needed, held[sequences[s]]);
            }
        }
        KvShape shape = switch (layers.get(layer)) {
            case KvShape kv -> kv;
            case CarriedStates carried -> throw HeapKvCache.wrongKind(layer);
        };
        int keyPage = Math.multiplyExact(shape.heads() * PAGE, shape.headDim()); // floats
        int valuePage = Math.multiplyExact(shape.heads() * PAGE, Math.ceilDiv(shape.headDim(), 16) * 16);
        memory.countPages(keyPage, missing);
        memory.countPages(valuePage, missing);
        bytes += missing * Float.BYTES * (keyPage + valuePage);
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
    public long bytesOf(int tokens) {
        return HeapKvCache.bytesOf(layers, tokens);
    }
}
