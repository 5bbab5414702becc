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
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;

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
    private final List<Sequence> sequences = new ArrayList<>();
    private final Workspace.Scope memory = Workspace.scope();

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
    }

    private static final class Sequence {
        int length;

        @Nullable
        Sequence parent; // null of one that was not forked

        boolean forked;
        boolean awaitsWriting; // within one append: has pages, but their contents are still to come
        int ownFrom; // first page that is not the parent's
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
        sequences.add(new Sequence(layers));
        return sequences.size() - 1;
    }

    @Override
    public int fork(int parent, int length) {
        Sequence fork = new Sequence(layers);
        copyStates(sequence(parent), length, fork);
        sequences.add(fork);
        int handle = sequences.size() - 1;
        sequences.get(handle).parent = sequence(parent);
        sequences.get(handle).ownFrom = length / PAGE;
        sequence(parent).forked = true;
        sequences.get(handle).length = length;
        return handle;
    }

    @Override
    public void release(int handle) {
        Sequence sequence = sequence(handle);
        if (!sequence.forked) {
            for (int layer = 0; layer < layers; layer++) {
                for (int p = sequence.ownFrom; sequence.keys[layer] != null && p < sequence.keys[layer].length; p++) {
                    memory.release(sequence.keys[layer][p]);
                    memory.release(sequence.values[layer][p]);
                }
            }
        }
        for (Tensor[] states : sequence.states) {
            for (int i = 0; states != null && i < states.length; i++) {
                memory.release(states[i].floats());
            }
        }
        sequences.set(handle, null);
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
                        .map(shape -> Tensor.of(memory.zeros(shape.elements()), shape.toArray()))
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
        return Objects.requireNonNull(sequences.get(handle), "sequence was released");
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
        return (headDim(layer) + 15) / 16 * 16;
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
                attach(sequence, layer);
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

    private void attach(Sequence sequence, int layer) {
        if (sequence.parent == null) {
            sequence.keys[layer] = new float[0][];
            sequence.values[layer] = new float[0][];
            return;
        }
        int pages = (sequence.length + PAGE - 1) / PAGE;
        float[][] parentKeys = sequence.parent.keys[layer];
        if (pages > 0 && (parentKeys == null || parentKeys.length < pages)) {
            throw new IllegalStateException(
                    "a fork of " + sequence.length + " tokens is used before its parent holds them in layer " + layer);
        }
        sequence.keys[layer] = pages == 0 ? new float[0][] : Arrays.copyOf(parentKeys, pages);
        sequence.values[layer] = pages == 0 ? new float[0][] : Arrays.copyOf(sequence.parent.values[layer], pages);
        if (sequence.length % PAGE != 0) {
            sequence.keys[layer][pages - 1] = copy(sequence.keys[layer][pages - 1]);
            sequence.values[layer][pages - 1] = copy(sequence.values[layer][pages - 1]);
        }
    }

    private float[] copy(float[] page) {
        float[] copy = memory.zeros(page.length);
        System.arraycopy(page, 0, copy, 0, page.length);
        return copy;
    }

    private void grow(Sequence sequence, int layer, int pages) {
        int have = sequence.keys[layer].length;
        if (pages <= have) {
            return;
        }
        sequence.keys[layer] = Arrays.copyOf(sequence.keys[layer], pages);
        sequence.values[layer] = Arrays.copyOf(sequence.values[layer], pages);
        for (int p = have; p < pages; p++) {
            sequence.keys[layer][p] = memory.zeros(kvHeads(layer) * headDim(layer) * PAGE);
            sequence.values[layer][p] = memory.zeros(kvHeads(layer) * PAGE * valueWidth(layer));
        }
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
            sequence(handles[s]).length += segments.length(s);
        }
    }

    @Override
    public long bytes() {
        Set<float[]> pages = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Sequence sequence : sequences) {
            if (sequence != null) {
                for (int layer = 0; layer < layers; layer++) {
                    if (sequence.keys[layer] != null) {
                        pages.addAll(Arrays.asList(sequence.keys[layer]));
                        pages.addAll(Arrays.asList(sequence.values[layer]));
                    }
                    for (int i = 0; sequence.states[layer] != null && i < sequence.states[layer].length; i++) {
                        pages.add(sequence.states[layer][i].floats());
                    }
                }
            }
        }
        return Float.BYTES * pages.stream().mapToLong(page -> page.length).sum();
    }
}
