// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.operations;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.CarriedStates;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.DecodeStep;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.KvShape;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.engine.CudaEngine;
import dev.jacobian.tensor.cuda.graphs.RoundedShape;
import java.util.Arrays;
import java.util.List;

/**
 * Keys and values in pages of a GPU's memory: a {@link KvPool} for each layer, and which page is whose in {@link
 * PagedSequences}, on the host.
 *
 * <p>Decision: what the host decides for a {@linkplain #step step of decoding} is decided before it and for all layers, of a
 * {@link RoundedShape}, so that it can be replayed.
 *
 * <p>Limits: layers with a window keep all tokens, because a page has one number in all layers.
 */
final class CudaKvCache implements KvCache {
    private final CudaEngine engine;
    private final DType dtype;
    private final KvPool[] pools;
    private final PagedSequences sequences;
    private Object place = new Object(); // another one whenever a pool lies elsewhere
    private @Nullable Step begun; // and not advanced yet

    /** A step of decoding: its handles [N], and where the new keys and values go, [N], −1 for nowhere. */
    private record Step(int[] handles, int[] slots, CachedPages pages) {}

    CudaKvCache(Backend backend, CudaEngine engine, List<CacheSpec> layers, DType dtype) {
        Workspace.Scope memory = Workspace.scope();
        this.engine = engine;
        this.dtype = dtype;
        this.pools = layers.stream()
                .map(spec -> switch (spec) {
                    case KvShape shape -> new KvPool(backend, engine, memory, requireExact(shape, dtype), dtype);
                    case CarriedStates carried -> throw CudaRecurrent.refusal();
                })
                .toArray(KvPool[]::new);
        this.sequences = new PagedSequences(pools.length);
    }

    private static KvShape requireExact(KvShape shape, DType dtype) {
        boolean held = switch (shape.type()) {
            case AUTO -> true;
            case F32 -> dtype == DType.F32;
            case Q8_0 -> false;
        };
        if (!held) {
            throw new IllegalArgumentException("a GPU that computes in " + dtype + " keeps a KV cache in " + dtype
                    + ", not in " + shape.type().label() + "; leave kv_cache_type at auto, or use the CPU");
        }
        return shape;
    }

    CudaEngine engine() {
        return engine;
    }

    /** Key and value heads of a layer. */
    int kvHeads(int layer) {
        return pools[layer].shape().heads();
    }

    /** Elements of a layer's heads. */
    int headDim(int layer) {
        return pools[layer].shape().headDim();
    }

    /** All key pages of a layer. */
    View keys(int layer) {
        return pools[layer].keys();
    }

    /** All value pages of a layer. */
    View values(int layer) {
        return pools[layer].values();
    }

    /** Where sequences are, or those of the step under way. */
    CachedPages pages(int[] handles) {
        Step step = begun(handles);
        if (step != null) {
            return step.pages;
        }
        int longest = Math.max(1, sequences.longest(handles));
        return CachedPages.of(lengths(handles), sequences.table(handles, handles.length, longest), longest);
    }

    /** Where each row of the step under way goes, [N]; null if these are not its handles. */
    int @Nullable [] slots(int[] handles) {
        Step step = begun(handles);
        return step == null ? null : step.slots;
    }

    private @Nullable Step begun(int[] handles) {
        Step step = begun;
        return step != null && step.handles == handles ? step : null;
    }

    private int[] lengths(int[] handles) {
        return Arrays.stream(handles).map(sequences::length).toArray();
    }

    @Override
    public int add() {
        return sequences.add();
    }

    @Override
    public int fork(int parent, int length) {
        return sequences.fork(parent, length);
    }

    @Override
    public void release(int sequence) {
        sequences.release(sequence);
    }

    @Override
    public int length(int sequence) {
        return sequences.length(sequence);
    }

    @Override
    public void append(int layer, int[] handles, Segments segments, Tensor keys, Tensor values) {
        int[] ofStep = slots(handles);
        if (ofStep != null) {
            write(layer, keys, values, ofStep, segments.rows());
            return;
        }
        for (int[] wave : sequences.waves(layer, handles)) {
            int[] slots = new int[segments.rows()]; // [N], of this wave's rows
            Arrays.fill(slots, -1);
            for (int s : wave) {
                sequences.reserve(handles[s], segments.length(s));
                int length = sequences.length(handles[s]);
                for (int i = 0; i < segments.length(s); i++) {
                    slots[segments.start(s) + i] = sequences.slot(handles[s], length + i);
                }
            }
            prepare(layer, Arrays.stream(wave).map(s -> handles[s]).toArray());
            write(layer, keys, values, slots, segments.rows());
        }
    }

    /** Brings a layer to the pages that there are: its pool's size, and the pages that begin as copies. */
    private void prepare(int layer, int[] handles) {
        if (pools[layer].ensure(sequences.made())) {
            place = new Object();
        }
        PagedSequences.Copies copies = sequences.takeCopies(layer, handles);
        if (copies.from().length > 0) {
            pools[layer].copy(copies);
        }
    }

    private void write(int layer, Tensor keys, Tensor values, int[] slots, int rows) {
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

    @Override
    public DecodeStep step(int[] handles) {
        begun = null;
        int[] lengths = lengths(handles); // [n]
        if (handles.length == 0 || !sequences.areReady(handles)) { // layer by layer, as any rows
            return new DecodeStep(handles, lengths, List.of(lengths), new Object(), place);
        }
        for (int handle : handles) {
            sequences.reserve(handle, 1);
        }
        int[] forks = sequences.withCopiesLeft(handles);
        for (int layer = 0; layer < pools.length; layer++) {
            prepare(layer, forks);
        }
        RoundedShape shape = RoundedShape.of(handles.length, sequences.longest(handles));
        int[] slots = new int[shape.rows()]; // [N]
        Arrays.fill(slots, -1);
        for (int s = 0; s < handles.length; s++) {
            slots[s] = sequences.slot(handles[s], lengths[s]);
        }
        int[] rows = new int[shape.rows()]; // [N], an array of its own to be known by
        Arrays.fill(rows, -1);
        CachedPages pages = CachedPages.of(
                Arrays.copyOf(lengths, shape.rows()),
                sequences.table(handles, shape.rows(), shape.pages()),
                shape.pages());
        begun = new Step(rows, slots, pages.upTo(shape.pages() * PAGE));
        return new DecodeStep(
                rows, pages.before(), List.of(pages.before(), pages.after(), slots, pages.table()), shape, place);
    }

    @Override
    public void advance(int[] handles, Segments segments) {
        begun = null;
        for (int s = 0; s < segments.count(); s++) {
            sequences.lengthen(handles[s], segments.length(s));
        }
    }

    @Override
    public long bytes() {
        return Arrays.stream(pools).mapToLong(KvPool::bytes).sum();
    }

    @Override
    public long usedBytes() {
        return sequences.used() * bytesOf(PAGE);
    }

    @Override
    public long bytesOf(int tokens, int atOnce) {
        long pages = Math.ceilDiv(tokens, PAGE);
        return Arrays.stream(pools).mapToLong(pool -> pages * pool.pageBytes()).sum();
    }
}
