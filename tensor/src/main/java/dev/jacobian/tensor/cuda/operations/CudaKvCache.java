// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.DeviceArray;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvShape;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.RmsGain;
import dev.jacobian.tensor.Rotation;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.engine.CudaArray;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.graphs.DecodeGraphs;
import dev.jacobian.tensor.cuda.graphs.DecodeInputs;
import dev.jacobian.tensor.cuda.graphs.DecodeStep;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Keys and values in pages of a GPU's memory.
 *
 * <p>Decisions: all pages of a layer lie in one pool, [pages, kvHeads, {@value #PAGE}, headDim], once for keys and once for
 * values, so that a kernel finds a page by its number. The numbers are the same in every layer, and the host keeps them.
 * Pages are counted, not copied, when a sequence forks; only the page that it will write to is copied, in each layer when
 * that layer is first appended to. A pool that is full is replaced by one of twice the size.
 *
 * <p>Decoding replays {@linkplain DecodeGraphs graphs}. What the host decides for a step is decided before it and for all
 * layers, and lies in {@link DecodeInputs}, where the kernels of the pass then find it.
 */
final class CudaKvCache implements KvCache {
    private static final int FIRST_CAPACITY = 64;

    /** Heads that a block of {@code rotate_append} turns, a warp each. */
    private static final int ROTATED_HEADS = 8;

    private final CudaEngine engine;
    private final Workspace.Scope memory = Workspace.scope();
    private final Backend backend;
    private final DType dtype;
    private final DecodeGraphs graphs;
    private final Pool[] pools;
    private final List<Sequence> sequences = new ArrayList<>();
    private final ArrayDeque<Integer> freePages = new ArrayDeque<>();
    private int[] users = new int[FIRST_CAPACITY]; // of each page
    private int pagesMade;
    private @Nullable DecodeInputs decoding; // of the step under way; null otherwise

    /** One layer's keys and values. */
    private static final class Pool {
        final KvShape shape;

        @Nullable
        CudaArray keys; // null before the first page

        @Nullable
        CudaArray values;

        int capacity;

        Pool(KvShape shape) {
            this.shape = shape;
        }

        int pageElements() {
            return shape.heads() * PAGE * shape.headDim();
        }
    }

    private static final class Sequence {
        final @Nullable Sequence parent; // whose pages are taken over when this one is first appended to
        int length;
        boolean attached; // whether they were
        int[] pages = {};
        int pageCount;
        int copiedFrom = -1; // the parent's page that this one's page copiedTo begins as
        int copiedTo = -1;
        final BitSet layersWithCopy = new BitSet();

        Sequence(@Nullable Sequence parent, int length) {
            this.parent = parent;
            this.length = length;
        }
    }

    CudaKvCache(Backend backend, CudaEngine engine, List<KvShape> layers, DType dtype) {
        this.backend = backend;
        this.engine = engine;
        this.dtype = dtype;
        this.graphs = new DecodeGraphs(backend, engine, memory);
        this.pools = layers.stream().map(Pool::new).toArray(Pool[]::new);
    }

    /** Key and value heads of a layer. */
    int kvHeads(int layer) {
        return pools[layer].shape.heads();
    }

    /** Elements of a layer's heads. */
    int headDim(int layer) {
        return pools[layer].shape.headDim();
    }

    /** All key pages of a layer. */
    View keys(int layer) {
        return new View(Objects.requireNonNull(pools[layer].keys), 0);
    }

    /** All value pages of a layer. */
    View values(int layer) {
        return new View(Objects.requireNonNull(pools[layer].values), 0);
    }

    /** Page numbers of some sequences, [S, longest], those of shorter ones followed by zeros. */
    int[] pageTable(int[] handles, int longest) {
        int[] table = new int[handles.length * longest];
        for (int s = 0; s < handles.length; s++) {
            Sequence sequence = sequence(handles[s]);
            if (sequence.attached) {
                System.arraycopy(sequence.pages, 0, table, s * longest, sequence.pageCount);
            }
        }
        return table;
    }

    /** Pages of the sequence that has most. */
    int longestPages(int[] handles) {
        return Arrays.stream(handles)
                .map(handle -> sequence(handle).pageCount)
                .max()
                .orElse(0);
    }

    @Override
    public int add() {
        sequences.add(new Sequence(null, 0));
        return sequences.size() - 1;
    }

    @Override
    public int fork(int parent, int length) {
        sequences.add(new Sequence(sequence(parent), length));
        return sequences.size() - 1;
    }

    private Sequence sequence(int handle) {
        return Objects.requireNonNull(sequences.get(handle), "sequence was released");
    }

    @Override
    public void release(int handle) {
        Sequence sequence = sequence(handle);
        // A fork that has not been appended to yet still wants its parent's pages: they stay until the cache ends.
        boolean awaited =
                sequences.stream().anyMatch(other -> other != null && other.parent == sequence && !other.attached);
        for (int p = 0; p < sequence.pageCount && !awaited; p++) {
            if (--users[sequence.pages[p]] == 0) {
                freePages.push(sequence.pages[p]);
            }
        }
        sequences.set(handle, null);
    }

    @Override
    public int length(int sequence) {
        return sequence(sequence).length;
    }

    @Override
    public void append(int layer, int[] handles, Segments segments, Tensor keys, Tensor values) {
        DecodeInputs step = decodingOf(handles);
        if (step != null) {
            write(layer, keys, values, step.slots(), segments.rows());
            return;
        }
        // Forks of sequences that are written in this call come after them, because they copy a page of theirs.
        List<Integer> left = new ArrayList<>();
        for (int s = 0; s < segments.count(); s++) {
            left.add(s);
        }
        while (!left.isEmpty()) {
            List<Integer> wave = new ArrayList<>();
            for (int s : left) {
                Sequence sequence = sequence(handles[s]);
                if (isComplete(sequence, layer) || !contains(left, handles, sequence.parent)) {
                    wave.add(s);
                }
            }
            append(layer, handles, segments, keys, values, wave);
            left.removeAll(wave);
        }
    }

    private boolean isComplete(Sequence sequence, int layer) {
        return sequence.parent == null
                || (sequence.attached && (sequence.copiedTo < 0 || sequence.layersWithCopy.get(layer)));
    }

    private boolean contains(List<Integer> segments, int[] handles, @Nullable Sequence wanted) {
        return segments.stream().anyMatch(s -> sequence(handles[s]) == wanted);
    }

    private void append(int layer, int[] handles, Segments segments, Tensor keys, Tensor values, List<Integer> wave) {
        int[] slots = new int[segments.rows()]; // [N]
        Arrays.fill(slots, -1);
        List<Integer> from = new ArrayList<>();
        List<Integer> to = new ArrayList<>();
        for (int s : wave) {
            Sequence sequence = sequence(handles[s]);
            if (!sequence.attached) {
                attach(sequence);
            }
            if (sequence.copiedTo >= 0 && !sequence.layersWithCopy.get(layer)) {
                sequence.layersWithCopy.set(layer);
                from.add(sequence.copiedFrom);
                to.add(sequence.copiedTo);
            }
            grow(sequence, Math.ceilDiv(sequence.length + segments.length(s), PAGE));
            for (int i = 0; i < segments.length(s); i++) {
                int position = sequence.length + i;
                slots[segments.start(s) + i] = sequence.pages[position / PAGE] * PAGE + position % PAGE;
            }
        }
        ensurePool(pools[layer]);
        copyPages(layer, from, to);
        write(layer, keys, values, slots, segments.rows());
    }

    private void copyPages(int layer, List<Integer> from, List<Integer> to) {
        if (from.isEmpty()) {
            return;
        }
        engine.launchOver(
                (long) from.size() * pools[layer].pageElements(),
                CudaEngine.typed("kv_copy_pages", dtype),
                from.stream().mapToInt(Integer::intValue).toArray(),
                to.stream().mapToInt(Integer::intValue).toArray(),
                from.size(),
                kvHeads(layer),
                headDim(layer),
                keys(layer),
                values(layer));
    }

    /** Writes rows to their slots, an {@code int[]} or a place on the device. */
    private void write(int layer, Tensor keys, Tensor values, Object slots, int rows) {
        engine.launchOver(
                keys.elements(),
                CudaEngine.typed("kv_append", dtype),
                keys,
                values,
                slots,
                rows,
                kvHeads(layer),
                headDim(layer),
                keys(layer),
                values(layer));
    }

    /**
     * Turns queries and keys and appends, in one launch; only within a step of decoding.
     *
     * @return whether it was done
     */
    boolean rotateAndAppend(
            Tensor q,
            Optional<RmsGain> qNorm,
            Tensor k,
            Optional<RmsGain> kNorm,
            Tensor v,
            Rotation rotation,
            CachedRows rows,
            Tensor out) {
        float qEpsilon = qNorm.map(RmsGain::epsilon).orElse(0f);
        float epsilon = kNorm.map(RmsGain::epsilon).orElse(qEpsilon);
        DecodeInputs step = decodingOf(rows.sequences());
        if (step == null || (qNorm.isPresent() && qEpsilon != epsilon)) {
            return false;
        }
        int count = q.extent(0);
        int headDim = headDim(rows.layer());
        int kvHeads = kvHeads(rows.layer());
        int heads = q.extent(1) / headDim;
        engine.launch(
                CudaEngine.typed("rotate_append", dtype),
                Math.ceilDiv(count * (heads + 2 * kvHeads), ROTATED_HEADS),
                1,
                32 * ROTATED_HEADS,
                q,
                k,
                v,
                qNorm.map(RmsGain::gain).orElse(null),
                kNorm.map(RmsGain::gain).orElse(null),
                epsilon,
                rotation.cos(),
                rotation.sin(),
                rotation.positions(),
                step.slots(),
                count,
                heads,
                kvHeads,
                headDim,
                keys(rows.layer()),
                values(rows.layer()),
                out);
        return true;
    }

    @Override
    public Tensor decode(int[] tokens, int[] handles, Object constants, DecodePass pass) {
        if (handles.length == 0 || !graphs.haveScope() || !areReady(handles)) {
            return KvCache.super.decode(tokens, handles, constants, pass);
        }
        int[] slots = takeSlots(handles); // [n]
        DecodeStep step = graphs.step(handles.length, longestPages(handles), constants);
        DecodeInputs inputs = step.inputs();
        int[] lengths = Arrays.stream(handles).map(this::length).toArray(); // [n]
        int[] packed = inputs.pack(tokens, lengths, slots, pageTable(handles, inputs.pages()));
        Tensor result; // [rows, D]
        decoding = inputs;
        try {
            result = step.run(packed, pass);
        } finally {
            decoding = null;
        }
        for (int handle : handles) {
            sequence(handle).length++;
        }
        return result.slice(0, 0, handles.length);
    }

    /** The inputs of the step under way, if the handles are those that its pass was given; else null. */
    @Nullable
    DecodeInputs decodingOf(int[] handles) {
        return decoding != null && decoding.sequences() == handles ? decoding : null;
    }

    /** Whether no sequence waits for tokens that its parent gets in the same step. */
    private boolean areReady(int[] handles) {
        return Arrays.stream(handles)
                .mapToObj(this::sequence)
                .allMatch(sequence -> sequence.attached
                        || sequence.parent == null
                        || (sequence.parent.attached && sequence.parent.length >= sequence.length));
    }

    /** Makes room for a token of each sequence in all layers; where it goes, [n]. */
    private int[] takeSlots(int[] handles) {
        int[] slots = new int[handles.length]; // [n]
        List<Sequence> forks = new ArrayList<>();
        for (int s = 0; s < handles.length; s++) {
            Sequence sequence = sequence(handles[s]);
            if (!sequence.attached) {
                attach(sequence);
            }
            if (sequence.copiedTo >= 0 && sequence.layersWithCopy.cardinality() < pools.length) {
                forks.add(sequence);
            }
            grow(sequence, Math.ceilDiv(sequence.length + 1, PAGE));
            slots[s] = sequence.pages[sequence.length / PAGE] * PAGE + sequence.length % PAGE;
        }
        for (int layer = 0; layer < pools.length; layer++) {
            ensurePool(pools[layer]);
            List<Integer> from = new ArrayList<>();
            List<Integer> to = new ArrayList<>();
            for (Sequence fork : forks) {
                if (!fork.layersWithCopy.get(layer)) {
                    fork.layersWithCopy.set(layer);
                    from.add(fork.copiedFrom);
                    to.add(fork.copiedTo);
                }
            }
            copyPages(layer, from, to);
        }
        return slots;
    }

    /** Gives a fork its parent's pages. */
    private void attach(Sequence sequence) {
        int pages = Math.ceilDiv(sequence.length, PAGE);
        sequence.attached = true;
        sequence.pages = new int[Math.max(4, pages)];
        if (pages == 0) {
            return;
        }
        Sequence parent = sequence.parent;
        if (parent == null || !parent.attached || parent.pageCount < pages) {
            throw new IllegalStateException(
                    "a fork of " + sequence.length + " tokens is used before its parent holds them");
        }
        int shared = sequence.length / PAGE;
        for (int p = 0; p < shared; p++) {
            sequence.pages[p] = parent.pages[p];
            users[parent.pages[p]]++;
        }
        sequence.pageCount = shared;
        if (shared < pages) {
            sequence.copiedFrom = parent.pages[shared];
            grow(sequence, pages);
            sequence.copiedTo = sequence.pages[shared];
        }
    }

    private void grow(Sequence sequence, int pages) {
        if (pages > sequence.pages.length) {
            sequence.pages = Arrays.copyOf(sequence.pages, Math.max(pages, 2 * sequence.pages.length));
        }
        while (sequence.pageCount < pages) {
            sequence.pages[sequence.pageCount++] = takePage();
        }
    }

    private int takePage() {
        int page = freePages.isEmpty() ? pagesMade++ : freePages.pop();
        if (page >= users.length) {
            users = Arrays.copyOf(users, 2 * users.length);
        }
        users[page] = 1;
        return page;
    }

    private void ensurePool(Pool pool) {
        if (pool.capacity >= Math.max(1, pagesMade)) {
            return;
        }
        graphs.close(); // they know the old pool's addresses
        int capacity = Math.max(FIRST_CAPACITY, Integer.highestOneBit(Math.max(1, pagesMade - 1)) * 2);
        pool.keys = grown(pool, pool.keys, capacity);
        pool.values = grown(pool, pool.values, capacity);
        pool.capacity = capacity;
    }

    private CudaArray grown(Pool pool, @Nullable CudaArray old, int capacity) {
        int elements = Math.multiplyExact(capacity, pool.pageElements());
        DeviceArray larger = memory.array(backend, dtype, elements);
        if (old != null) {
            View from = new View(old, 0);
            View to = new View((CudaArray) larger, 0);
            long bytes = (long) dtype.bytes() * pool.capacity * pool.pageElements();
            engine.post(() -> engine.stream().copy(from.address(), to.address(), bytes));
            memory.release(old);
        }
        return (CudaArray) larger;
    }

    @Override
    public void advance(int[] handles, Segments segments) {
        for (int s = 0; s < segments.count(); s++) {
            sequence(handles[s]).length += segments.length(s);
        }
    }

    @Override
    public long bytes() {
        long elements = 0;
        for (Pool pool : pools) {
            elements += 2L * pool.capacity * pool.pageElements();
        }
        return dtype.bytes() * elements;
    }
}
