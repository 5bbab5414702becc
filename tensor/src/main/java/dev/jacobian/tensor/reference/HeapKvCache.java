// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.CarriedStates;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvShape;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/**
 * Paged keys and values, and carried states, in Java arrays, used by every CPU backend.
 *
 * <p>Layout of a page, chosen for kernels whose vector lanes are 16 keys (scores) or the elements of a value (output):
 * keys as [kvHeads, headDim, 16], values as [kvHeads, 16, valueWidth], where valueWidth is headDim rounded up to 16.
 */
public class HeapKvCache implements KvCache {
    /** Elements whose copying is worth a thread's attention. */
    private static final int ELEMENTS_PER_TASK = 1 << 13;

    private final int layers;
    private final CacheSpec[] specs; // of each layer
    private final SequenceTable<Sequence> sequences = new SequenceTable<>();
    private final Workspace.Scope memory = Workspace.scope();
    private final long stateFloats; // of a sequence, in all layers
    private final long pageFloats; // of a page, in all layers
    private long usedFloats;

    /**
     * An empty cache of layers of one shape.
     *
     * @throws IllegalArgumentException if {@code dtype} is not F32
     */
    public HeapKvCache(int layers, int kvHeads, int headDim, DType dtype) {
        this(Collections.nCopies(layers, new KvShape(kvHeads, headDim)), dtype);
    }

    /**
     * An empty cache.
     *
     * @throws IllegalArgumentException if {@code dtype} is not F32
     */
    public HeapKvCache(List<CacheSpec> layers, DType dtype) {
        if (dtype != DType.F32) {
            throw new IllegalArgumentException("the CPU computes in F32, not in " + dtype);
        }
        this.layers = layers.size();
        this.specs = layers.toArray(CacheSpec[]::new);
        this.stateFloats = bytesOf(layers, 0) / Float.BYTES;
        this.pageFloats = bytesOf(layers, PAGE) / Float.BYTES - stateFloats;
    }

    private static final class Sequence {
        int length;

        @Nullable
        Sequence parent; // of a fork whose parent's tokens were still missing; null of others

        boolean awaited; // there was such a fork, whose pages are this sequence's
        boolean awaitsWriting; // within one append: has pages, but their contents are still to come
        int[][] users = {}; // of each page, one count for all layers and all sequences that share it
        final float[][][] keys; // per layer, per page
        final float[][][] values;
        final @Nullable Tensor[][] states; // per layer; null until asked for

        Sequence(int layers) {
            keys = new float[layers][][];
            values = new float[layers][][];
            states = new Tensor[layers][];
        }
    }

    @Override
    public int add() {
        return sequences.add(new Sequence(layers));
    }

    @Override
    public int fork(int parentHandle, int length) {
        Sequence parent = sequence(parentHandle);
        Sequence fork = new Sequence(layers);
        fork.length = length;
        copyStates(parent, length, fork);
        if (length > 0 && !holds(parent, length)) {
            fork.parent = parent;
            parent.awaited = true;
            return sequences.add(fork);
        }
        for (int layer = 0; layer < layers; layer++) {
            if (parent.keys[layer] != null) {
                attach(fork, parent, layer);
            }
        }
        return sequences.add(fork);
    }

    /** Whether so many tokens are in all layers. */
    private boolean holds(Sequence sequence, int length) {
        boolean everywhere = sequence.parent == null && sequence.length >= length;
        for (int layer = 0; everywhere && layer < layers; layer++) {
            everywhere = specs[layer] instanceof CarriedStates || sequence.keys[layer] != null;
        }
        return everywhere;
    }

    @Override
    public void release(int handle) {
        Sequence sequence = sequence(handle);
        for (int p = 0; p < sequence.users.length; p++) {
            if (--sequence.users[p][0] > 0) {
                continue;
            }
            for (int layer = 0; layer < layers; layer++) {
                if (sequence.keys[layer] != null && p < sequence.keys[layer].length) {
                    giveBack(sequence, sequence.keys[layer][p]);
                    giveBack(sequence, sequence.values[layer][p]);
                }
            }
        }
        for (Tensor[] states : sequence.states) {
            for (int i = 0; states != null && i < states.length; i++) {
                giveBack(sequence, states[i].floats());
            }
        }
        sequences.remove(handle);
    }

    /** Gives an array back, unless a fork is still to take it over: that one then goes with the scope. */
    private void giveBack(Sequence sequence, float[] array) {
        usedFloats -= array.length;
        if (!sequence.awaited) {
            memory.release(array);
        }
    }

    private float[] zeros(int length) {
        usedFloats += length;
        return memory.zeros(length);
    }

    private void copyStates(Sequence parent, int length, Sequence fork) {
        for (int layer = 0; layer < layers; layer++) {
            if (specs[layer] instanceof CarriedStates && length != parent.length) {
                throw new IllegalArgumentException("a fork at " + length + " of a sequence of " + parent.length
                        + " tokens: a state does not go back; fork where the sequence ends");
            }
            if (parent.states[layer] != null) {
                fork.states[layer] = Arrays.stream(parent.states[layer])
                        .map(state ->
                                Tensor.of(copy(state.floats()), state.shape().toArray()))
                        .toArray(Tensor[]::new);
            }
        }
    }

    @Override
    public List<Tensor> states(int layer, int number, int[] handles) {
        List<Tensor> states = new ArrayList<>(handles.length);
        for (int handle : handles) {
            Sequence sequence = sequence(handle);
            if (sequence.states[layer] == null) {
                sequence.states[layer] = begin(layer);
            }
            states.add(sequence.states[layer][number]);
        }
        return states;
    }

    private Tensor[] begin(int layer) {
        return switch (specs[layer]) {
            case CarriedStates carried ->
                carried.shapes().stream()
                        .map(shape -> Tensor.of(zeros(shape.elements()), shape.toArray()))
                        .toArray(Tensor[]::new);
            case KvShape shape -> throw wrongKind(layer);
        };
    }

    /** What a layer is told that asks a cache for something else than it said that it keeps. */
    public static IllegalArgumentException wrongKind(int layer) {
        return new IllegalArgumentException("layer " + layer + " keeps something else in this cache");
    }

    @Override
    public int length(int sequence) {
        return sequence(sequence).length;
    }

    private Sequence sequence(int handle) {
        return sequences.get(handle);
    }

    /** Key pages of one sequence and layer, each [kvHeads, headDim, 16]. */
    public float[][] keyPages(int layer, int sequence) {
        return sequence(sequence).keys[layer];
    }

    /** Value pages of one sequence and layer, each [kvHeads, 16, valueWidth]. */
    public float[][] valuePages(int layer, int sequence) {
        return sequence(sequence).values[layer];
    }

    private KvShape shape(int layer) {
        return switch (specs[layer]) {
            case KvShape shape -> shape;
            case CarriedStates carried -> throw wrongKind(layer);
        };
    }

    /** Key and value heads of a layer. */
    public int kvHeads(int layer) {
        return shape(layer).heads();
    }

    /** Elements of a layer's heads. */
    public int headDim(int layer) {
        return shape(layer).headDim();
    }

    /** Elements between the values of neighbouring keys: headDim rounded up to a multiple of 16. */
    public int valueWidth(int layer) {
        return valueWidth(shape(layer));
    }

    @Override
    public void append(int layer, int[] handles, Segments segments, Tensor keys, Tensor values) {
        // Forks come last, because they copy a page that their parent may be given in this very call.
        int count = segments.count();
        int[] order = new int[count];
        int placed = 0;
        for (int s = 0; s < count; s++) {
            if (!isFreshFork(handles[s], layer)) {
                order[placed++] = s;
            }
        }
        for (int s = 0; s < count; s++) {
            if (isFreshFork(handles[s], layer)) {
                order[placed++] = s;
            }
        }
        int written = 0;
        for (int i = 0; i < count; i++) {
            Sequence sequence = sequence(handles[order[i]]);
            if (sequence.keys[layer] == null) {
                if (sequence.parent != null && sequence.parent.awaitsWriting) {
                    write(layer, handles, segments, order, written, i, keys, values);
                    written = i;
                }
                attach(sequence, sequence.parent, layer);
            }
            grow(sequence, layer, (sequence.length + segments.length(order[i]) + PAGE - 1) / PAGE);
            sequence.awaitsWriting = true;
        }
        write(layer, handles, segments, order, written, count, keys, values);
    }

    private boolean isFreshFork(int handle, int layer) {
        return sequence(handle).parent != null && sequence(handle).keys[layer] == null;
    }

    /** Writes the segments order[from .. to), whose pages are there. */
    private void write(
            int layer, int[] handles, Segments segments, int[] order, int from, int to, Tensor keys, Tensor values) {
        int count = to - from;
        int tasks = Math.min(count, Math.ceilDiv(segments.rows() * kvHeads(layer) * headDim(layer), ELEMENTS_PER_TASK));
        ComputePool.run(tasks, task -> {
            int end = from + (int) ((long) count * (task + 1) / tasks);
            for (int i = from + (int) ((long) count * task / tasks); i < end; i++) {
                Sequence sequence = sequence(handles[order[i]]);
                int row = segments.start(order[i]);
                for (int token = 0; token < segments.length(order[i]); token++) {
                    write(sequence, layer, sequence.length + token, keys, values, row + token);
                }
                sequence.awaitsWriting = false;
            }
        });
    }

    /** Gives a sequence its parent's pages in a layer, the one that it will write to as a copy; none without a parent. */
    private void attach(Sequence sequence, @Nullable Sequence parent, int layer) {
        int pages = (sequence.length + PAGE - 1) / PAGE;
        if (parent == null || pages == 0) {
            sequence.keys[layer] = new float[0][];
            sequence.values[layer] = new float[0][];
            return;
        }
        float[][] parentKeys = parent.keys[layer];
        if (parentKeys == null || parentKeys.length < pages) {
            throw new IllegalStateException(
                    "a fork of " + sequence.length + " tokens is used before its parent holds them in layer " + layer);
        }
        if (sequence.users.length == 0) {
            sequence.users = Arrays.copyOf(parent.users, pages);
            for (int p = 0; p < sequence.length / PAGE; p++) {
                sequence.users[p][0]++;
            }
        }
        sequence.keys[layer] = Arrays.copyOf(parentKeys, pages);
        sequence.values[layer] = Arrays.copyOf(parent.values[layer], pages);
        if (sequence.length % PAGE != 0) {
            if (sequence.users[pages - 1] == parent.users[pages - 1]) {
                sequence.users[pages - 1] = new int[] {1};
            }
            sequence.keys[layer][pages - 1] = copy(sequence.keys[layer][pages - 1]);
            sequence.values[layer][pages - 1] = copy(sequence.values[layer][pages - 1]);
        }
    }

    private float[] copy(float[] page) {
        float[] copy = zeros(page.length);
        System.arraycopy(page, 0, copy, 0, page.length);
        return copy;
    }

    private void grow(Sequence sequence, int layer, int pages) {
        int have = sequence.keys[layer].length;
        if (pages <= have) {
            return;
        }
        int counted = sequence.users.length;
        if (counted < pages) {
            sequence.users = Arrays.copyOf(sequence.users, pages);
            for (int p = counted; p < pages; p++) {
                sequence.users[p] = new int[] {1};
            }
        }
        sequence.keys[layer] = Arrays.copyOf(sequence.keys[layer], pages);
        sequence.values[layer] = Arrays.copyOf(sequence.values[layer], pages);
        for (int p = have; p < pages; p++) {
            sequence.keys[layer][p] = zeros(keyPage(shape(layer)));
            sequence.values[layer][p] = zeros(valuePage(shape(layer)));
        }
    }

    private static int keyPage(KvShape shape) {
        return shape.heads() * shape.headDim() * PAGE;
    }

    private static int valuePage(KvShape shape) {
        return shape.heads() * PAGE * valueWidth(shape);
    }

    private static int valueWidth(KvShape shape) {
        return (shape.headDim() + 15) / 16 * 16;
    }

    private void write(Sequence sequence, int layer, int position, Tensor keys, Tensor values, int row) {
        float[] keyPage = sequence.keys[layer][position / PAGE];
        float[] valuePage = sequence.values[layer][position / PAGE];
        int slot = position % PAGE;
        int kvHeads = kvHeads(layer);
        int headDim = headDim(layer);
        int valueWidth = valueWidth(layer);
        int width = kvHeads * headDim;
        float[] k = keys.floats();
        int kFrom = keys.offset() + row * width;
        for (int i = 0; i < width; i++) {
            keyPage[i * PAGE + slot] = k[kFrom + i];
        }
        for (int head = 0; head < kvHeads; head++) {
            System.arraycopy(
                    values.floats(),
                    values.offset() + row * width + head * headDim,
                    valuePage,
                    (head * PAGE + slot) * valueWidth,
                    headDim);
        }
    }

    @Override
    public void advance(int[] handles, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            Sequence sequence = sequence(handles[s]);
            sequence.length += segments.length(s);
            sequence.parent = null; // every layer has taken its pages over
        }
    }

    @Override
    public long bytes() {
        return usedBytes();
    }

    @Override
    public long usedBytes() {
        return Float.BYTES * usedFloats;
    }

    @Override
    public long bytesOf(int tokens) {
        return Float.BYTES * (stateFloats + pageFloats * Math.ceilDiv(tokens, PAGE));
    }

    /** Bytes of a sequence of so many tokens in layers that keep this. */
    public static long bytesOf(List<CacheSpec> layers, int tokens) {
        long pages = Math.ceilDiv(tokens, PAGE);
        long floats = 0;
        for (CacheSpec layer : layers) {
            floats += switch (layer) {
                case KvShape shape -> pages * ((long) keyPage(shape) + valuePage(shape));
                case CarriedStates carried -> carried.numbers(tokens);
            };
        }
        return Float.BYTES * floats;
    }
}
