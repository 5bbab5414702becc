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
 * Paged keys and values, and carried states, in Java arrays, used by every CPU backend. How numbers lie in a page, {@link KvPage} says.
 *
 * <p>Decision: each layer counts the users of its pages by itself, because layers with windows let go of pages that others keep.
 */
public class HeapKvCache implements KvCache {
    /** Elements whose copying is worth a thread's attention. */
    private static final int ELEMENTS_PER_TASK = 1 << 13;

    private final CacheSpec[] specs; // of each layer
    private final @Nullable PagedLayer[] paged; // of each layer; null of those that carry states
    private final SequenceTable<Sequence> sequences = new SequenceTable<>();
    private final Workspace.Scope memory = Workspace.scope();
    private final boolean hasWindows;
    private final long stateBytes; // of a sequence, in all layers
    private final long pageBytes; // of a page, in all layers
    private long usedBytes;

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
        this.specs = layers.toArray(CacheSpec[]::new);
        this.paged = new PagedLayer[specs.length];
        boolean windows = false;
        for (int layer = 0; layer < specs.length; layer++) {
            if (specs[layer] instanceof KvShape shape) {
                paged[layer] = new PagedLayer(shape, memory);
                windows |= shape.window() > 0;
            }
        }
        this.hasWindows = windows;
        this.stateBytes = bytesOf(layers, 0, 0);
        this.pageBytes = bytesOf(layers, PAGE, PAGE) - stateBytes;
    }

    private static final class Sequence {
        int length;

        @Nullable
        Sequence parent; // of a fork whose parent's tokens were still missing; null of others

        boolean awaited; // there was such a fork, whose pages are this sequence's
        boolean awaitsWriting; // within one append: has pages, but their contents are still to come
        final @Nullable LayerPages[] pages; // per layer; null until the layer is appended to
        final @Nullable Tensor[][] states; // per layer; null until asked for

        Sequence(int layers) {
            pages = new LayerPages[layers];
            states = new Tensor[layers][];
        }
    }

    @Override
    public int add() {
        return sequences.add(new Sequence(specs.length));
    }

    @Override
    public int fork(int parentHandle, int length) {
        Sequence parent = sequence(parentHandle);
        for (int layer = 0; layer < specs.length; layer++) {
            requireSeen(length, parent.pages[layer], layer);
        }
        Sequence fork = new Sequence(specs.length);
        fork.length = length;
        copyStates(parent, length, fork);
        if (length > 0 && !holds(parent, length)) {
            fork.parent = parent;
            parent.awaited = true;
            return sequences.add(fork);
        }
        for (int layer = 0; layer < specs.length; layer++) {
            if (parent.pages[layer] != null) {
                attach(fork, parent, layer);
            }
        }
        return sequences.add(fork);
    }

    /** Whether so many tokens are in all layers. */
    private boolean holds(Sequence sequence, int length) {
        boolean everywhere = sequence.parent == null && sequence.length >= length;
        for (int layer = 0; everywhere && layer < specs.length; layer++) {
            everywhere = paged[layer] == null || sequence.pages[layer] != null;
        }
        return everywhere;
    }

    @Override
    public int shortestFork(int handle) {
        Sequence sequence = sequence(handle);
        int shortest = 0;
        for (int layer = 0; layer < specs.length; layer++) {
            shortest = Math.max(
                    shortest,
                    switch (specs[layer]) {
                        case KvShape shape ->
                            sequence.pages[layer] == null ? 0 : shape.firstFork(sequence.pages[layer].first);
                        case CarriedStates carried -> sequence.length;
                    });
        }
        return shortest;
    }

    @Override
    public void release(int handle) {
        Sequence sequence = sequence(handle);
        for (int layer = 0; layer < specs.length; layer++) {
            if (sequence.pages[layer] != null) {
                letGo(sequence, layer, sequence.pages[layer].count);
            }
            for (int i = 0; sequence.states[layer] != null && i < sequence.states[layer].length; i++) {
                float[] state = sequence.states[layer][i].floats();
                usedBytes -= (long) Float.BYTES * state.length;
                if (!sequence.awaited) {
                    memory.release(state);
                }
            }
        }
        sequences.remove(handle);
    }

    /** Lets go of a sequence's pages before one. */
    private void letGo(Sequence sequence, int layer, int before) {
        LayerPages pages = sequence.pages[layer];
        PagedLayer of = paged(layer);
        while (pages.first < Math.min(before, pages.count)) {
            KvPage page = pages.removeFirst();
            if (--page.users == 0) {
                usedBytes -= PagedLayer.pageBytes(of.shape());
                if (!sequence.awaited) { // otherwise a fork is still to take it over, and it goes with the scope
                    of.giveBack(page);
                }
            }
        }
    }

    private void copyStates(Sequence parent, int length, Sequence fork) {
        for (int layer = 0; layer < specs.length; layer++) {
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

    private float[] copy(float[] state) {
        float[] copy = zeros(state.length);
        System.arraycopy(state, 0, copy, 0, state.length);
        return copy;
    }

    private float[] zeros(int length) {
        usedBytes += (long) Float.BYTES * length;
        return memory.zeros(length);
    }

    /** Copies of a sequence's pages and states, in arrays that no workspace recycles. */
    private record StoredSequence(HeapKvCache cache, Sequence copy, long bytes) implements Stored {}

    @Override
    public boolean canStore() {
        return true;
    }

    @Override
    public long storedBytes(int handle) {
        Sequence sequence = sequence(handle);
        long bytes = 0;
        for (int layer = 0; layer < specs.length; layer++) {
            LayerPages pages = sequence.pages[layer];
            bytes += pages == null ? 0 : (pages.count - pages.first) * PagedLayer.pageBytes(shape(layer));
            bytes += sequence.states[layer] == null ? 0 : stateBytes(sequence.states[layer]);
        }
        return bytes;
    }

    private static long stateBytes(Tensor[] states) {
        return Arrays.stream(states)
                .mapToLong(state -> (long) Float.BYTES * state.elements())
                .sum();
    }

    @Override
    public Stored store(int handle) {
        Sequence sequence = sequence(handle);
        if (sequence.parent != null) {
            throw new IllegalStateException("a fork whose parent's tokens are still missing cannot be stored");
        }
        Sequence copy = new Sequence(specs.length);
        copy.length = sequence.length;
        for (int layer = 0; layer < specs.length; layer++) {
            if (sequence.pages[layer] != null) {
                copy.pages[layer] = sequence.pages[layer].copy(KvPage::copy);
            }
            if (sequence.states[layer] != null) {
                copy.states[layer] = Arrays.stream(sequence.states[layer])
                        .map(state ->
                                Tensor.of(state.floats().clone(), state.shape().toArray()))
                        .toArray(Tensor[]::new);
            }
        }
        return new StoredSequence(this, copy, storedBytes(handle));
    }

    @Override
    public int restore(Stored stored) {
        if (!(stored instanceof StoredSequence own) || own.cache != this) {
            throw new IllegalArgumentException("another cache has stored this");
        }
        Sequence sequence = new Sequence(specs.length);
        sequence.length = own.copy.length;
        for (int layer = 0; layer < specs.length; layer++) {
            if (own.copy.pages[layer] != null) {
                PagedLayer of = paged(layer);
                sequence.pages[layer] = own.copy.pages[layer].copy(of::copy);
                usedBytes += sequence.pages[layer].own() * PagedLayer.pageBytes(of.shape());
            }
        }
        copyStates(own.copy, own.copy.length, sequence);
        return sequences.add(sequence);
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

    /** Key pages of one sequence and layer, each [kvHeads, headDim, 16]; of an 8-bit layer their scales, [kvHeads, blocks, 16]. */
    public float[][] keyPages(int layer, int sequence) {
        return sequence(sequence).pages[layer].keys;
    }

    /** Value pages of one sequence and layer, each [kvHeads, 16, valueWidth]; of an 8-bit layer their scales, [kvHeads, 16, blocks]. */
    public float[][] valuePages(int layer, int sequence) {
        return sequence(sequence).pages[layer].values;
    }

    /** The 8-bit keys of one sequence and layer, four elements to a word, each page [kvHeads, ⌈headDim / 4⌉, 16]. */
    public int[][] keyCodes(int layer, int sequence) {
        return sequence(sequence).pages[layer].keyCodes;
    }

    /** The 8-bit values of one sequence and layer, four tokens to a word, each page [kvHeads, 4, valueWidth]. */
    public int[][] valueCodes(int layer, int sequence) {
        return sequence(sequence).pages[layer].valueCodes;
    }

    /** Element d of a head's key at a position, whatever it is held as. */
    float key(int layer, int sequence, int position, int head, int d) {
        KvPage page = sequence(sequence).pages[layer].pages[position / PAGE];
        return paged(layer).key(page, head, d, position % PAGE);
    }

    /** Element d of a head's value at a position, whatever it is held as. */
    float value(int layer, int sequence, int position, int head, int d) {
        KvPage page = sequence(sequence).pages[layer].pages[position / PAGE];
        return paged(layer).value(page, head, d, position % PAGE);
    }

    private PagedLayer paged(int layer) {
        PagedLayer of = paged[layer];
        if (of == null) {
            throw wrongKind(layer);
        }
        return of;
    }

    private KvShape shape(int layer) {
        return paged(layer).shape();
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
        return PagedLayer.valueWidth(shape(layer));
    }

    /** Whether a layer's numbers are 8-bit integers and scales. */
    public boolean isRounded(int layer) {
        return shape(layer).type().isRounded();
    }

    @Override
    public void append(int layer, int[] handles, Segments segments, Tensor keys, Tensor values) {
        KvShape shape = shape(layer);
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
            if (sequence.pages[layer] == null) {
                if (sequence.parent != null && sequence.parent.awaitsWriting) {
                    write(layer, handles, segments, order, written, i, keys, values);
                    written = i;
                }
                attach(sequence, sequence.parent, layer);
            }
            letGo(sequence, layer, shape.firstKeptPage(sequence.length));
            grow(sequence, layer, (sequence.length + segments.length(order[i]) + PAGE - 1) / PAGE);
            sequence.awaitsWriting = true;
        }
        write(layer, handles, segments, order, written, count, keys, values);
    }

    private boolean isFreshFork(int handle, int layer) {
        return sequence(handle).parent != null && sequence(handle).pages[layer] == null;
    }

    /** Writes the segments order[from .. to), whose pages are there. */
    private void write(
            int layer, int[] handles, Segments segments, int[] order, int from, int to, Tensor keys, Tensor values) {
        int count = to - from;
        PagedLayer of = paged(layer);
        int tasks = Math.min(count, Math.ceilDiv(segments.rows() * kvHeads(layer) * headDim(layer), ELEMENTS_PER_TASK));
        ComputePool.run(tasks, task -> {
            int end = from + (int) ((long) count * (task + 1) / tasks);
            for (int i = from + (int) ((long) count * task / tasks); i < end; i++) {
                Sequence sequence = sequence(handles[order[i]]);
                KvPage[] pages = sequence.pages[layer].pages;
                int row = segments.start(order[i]);
                for (int token = 0; token < segments.length(order[i]); token++) {
                    int position = sequence.length + token;
                    of.write(pages[position / PAGE], position % PAGE, keys, values, row + token);
                }
                sequence.awaitsWriting = false;
            }
        });
    }

    /** Gives a sequence its parent's pages in a layer, the one that it will write to as a copy; none without a parent. */
    private void attach(Sequence sequence, @Nullable Sequence parent, int layer) {
        int count = (sequence.length + PAGE - 1) / PAGE;
        LayerPages pages = new LayerPages(count);
        if (parent == null || count == 0) {
            sequence.pages[layer] = pages;
            return;
        }
        LayerPages shared = parent.pages[layer];
        if (shared == null || shared.count < count) {
            throw new IllegalStateException(
                    "a fork of " + sequence.length + " tokens is used before its parent holds them in layer " + layer);
        }
        requireSeen(sequence.length, shared, layer);
        pages.first = Math.min(shared.first, count);
        for (int p = shared.first; p < sequence.length / PAGE; p++) {
            shared.pages[p].users++;
            pages.set(p, shared.pages[p]);
        }
        if (sequence.length % PAGE != 0) {
            usedBytes += PagedLayer.pageBytes(shape(layer));
            pages.set(count - 1, paged(layer).copy(shared.pages[count - 1]));
        }
        pages.count = count;
        sequence.pages[layer] = pages;
    }

    /** Refuses a fork that would see what its parent has let go of. */
    private void requireSeen(int length, @Nullable LayerPages pages, int layer) {
        if (length == 0 || pages == null || shape(layer).firstSeenPage(length) >= pages.first) {
            return;
        }
        KvShape shape = shape(layer);
        throw new IllegalArgumentException("a fork at " + length + " of a sequence whose layer " + layer
                + " keeps a window of " + shape.window() + " tokens: what it would see has been let go; fork at "
                + shape.firstFork(pages.first) + " or later");
    }

    private void grow(Sequence sequence, int layer, int count) {
        LayerPages pages = sequence.pages[layer];
        while (pages.count < count) {
            usedBytes += PagedLayer.pageBytes(shape(layer));
            pages.set(pages.count, paged(layer).newPage());
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
        long waiting = 0;
        for (PagedLayer layer : paged) {
            waiting += layer == null ? 0 : layer.waitingBytes();
        }
        return usedBytes + waiting;
    }

    @Override
    public long usedBytes() {
        return usedBytes;
    }

    @Override
    public long bytesOf(int tokens, int atOnce) {
        return hasWindows
                ? bytesOf(List.of(specs), tokens, atOnce)
                : stateBytes + pageBytes * Math.ceilDiv(tokens, PAGE);
    }

    @Override
    public long growth(int tokens, int more, int atOnce) {
        if (!hasWindows) {
            return KvCache.super.growth(tokens, more, atOnce);
        }
        long bytes = 0;
        int added = Math.ceilDiv(tokens + more, PAGE) - Math.ceilDiv(tokens, PAGE);
        for (CacheSpec spec : specs) {
            if (spec instanceof KvShape shape) {
                bytes += Math.min(added, shape.pages(tokens + more, atOnce)) * PagedLayer.pageBytes(shape);
            }
        }
        return bytes;
    }

    @Override
    public long growthOf(int handle, int more, int atOnce) {
        if (!hasWindows) {
            return KvCache.super.growthOf(handle, more, atOnce);
        }
        Sequence sequence = sequence(handle);
        long bytes = sequence.length == 0 ? stateBytes : 0;
        for (int layer = 0; layer < specs.length; layer++) {
            if (specs[layer] instanceof KvShape shape) {
                LayerPages pages = sequence.pages[layer];
                int count = pages == null ? Math.ceilDiv(sequence.length, PAGE) : pages.count;
                long added = Math.max(0, Math.ceilDiv(sequence.length + more, PAGE) - count);
                if (shape.window() > 0) {
                    long own = pages == null ? 0 : pages.own();
                    added = Math.min(added, Math.max(0, shape.pages(sequence.length + more, atOnce) - own));
                }
                bytes += added * PagedLayer.pageBytes(shape);
            }
        }
        return bytes;
    }

    /** Bytes that a sequence takes at most on its way to so many tokens in layers that keep this, of which so many come at once. */
    public static long bytesOf(List<CacheSpec> layers, int tokens, int atOnce) {
        long bytes = 0;
        for (CacheSpec layer : layers) {
            bytes += switch (layer) {
                case KvShape shape -> shape.pages(tokens, atOnce) * PagedLayer.pageBytes(shape);
                case CarriedStates carried -> Float.BYTES * carried.numbers(tokens);
            };
        }
        return bytes;
    }
}
