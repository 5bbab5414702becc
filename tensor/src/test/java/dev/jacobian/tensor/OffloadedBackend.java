// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import dev.jacobian.tensor.reference.HeapKvCache;
import java.lang.reflect.Array;
import java.util.ArrayList;
import java.util.List;

/**
 * A device's kernels behind the CPU's tensors: every call moves its tensors there and what it wrote back, so that tests
 * written for Java arrays hold for a device too. Views go as views, so strides are tested as well.
 */
final class OffloadedBackend implements Backend {
    private final Device device;

    OffloadedBackend(Device device) {
        this.device = device;
    }

    private Backend kernels() {
        return Backends.of(device);
    }

    /** One call: what it moved, and what must come back. */
    private final class Call implements AutoCloseable {
        private final List<Tensor> moved = new ArrayList<>();
        private final List<Runnable> returns = new ArrayList<>();

        /** The same view of the same array, on the device. */
        Tensor in(Tensor x) {
            if (x == null) {
                return null;
            }
            int length = lengthOf(x);
            Tensor whole = Tensor.zeros(device, x.dtype(), Shape.of(length)); // [everything behind the view]
            if (length > 0) {
                whole.deviceArray().write(0, x.storage(), 0, length);
            }
            moved.add(whole);
            return x.on(whole.deviceArray());
        }

        Tensor out(Tensor x) {
            if (x == null) {
                return null;
            }
            Tensor there = in(x);
            int length = lengthOf(x);
            if (length > 0) {
                returns.add(() -> there.deviceArray().read(0, x.storage(), 0, length));
            }
            return there;
        }

        private static int lengthOf(Tensor x) {
            return Array.getLength(x.storage());
        }

        @Override
        public void close() {
            returns.forEach(Runnable::run);
            moved.forEach(Tensor::close);
        }
    }

    /** A cache on the CPU whose every change is made on the device too. */
    private final class TwinCache extends HeapKvCache {
        final KvCache there;

        TwinCache(int layers, int kvHeads, int headDim) {
            super(layers, kvHeads, headDim, DType.F32);
            there = kernels().newKvCache(layers, kvHeads, headDim);
        }

        @Override
        public int add() {
            there.add();
            return super.add();
        }

        @Override
        public int fork(int parent, int length) {
            there.fork(parent, length);
            return super.fork(parent, length);
        }

        @Override
        public void release(int sequence) {
            there.release(sequence);
            super.release(sequence);
        }

        @Override
        public void append(int layer, int[] sequences, Segments segments, Tensor keys, Tensor values) {
            try (Call call = new Call()) {
                there.append(layer, sequences, segments, call.in(keys), call.in(values));
            }
            super.append(layer, sequences, segments, keys, values);
        }

        @Override
        public void advance(int[] sequences, Segments segments) {
            there.advance(sequences, segments);
            super.advance(sequences, segments);
        }
    }

    @Override
    public String name() {
        return kernels().name();
    }

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        try (Call call = new Call()) {
            kernels().matmul(call.in(a), call.in(b), call.out(out), accumulate);
        }
    }

    @Override
    public void batchedMatmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        try (Call call = new Call()) {
            kernels().batchedMatmul(call.in(a), call.in(b), call.out(out), accumulate);
        }
    }

    @Override
    public PackedMatrix pack(Tensor b, WeightFormat format) {
        try (Call call = new Call()) {
            Tensor there = call.in(b);
            call.moved.clear(); // the packed matrix may be the matrix itself
            return kernels().pack(there, format);
        }
    }

    @Override
    public void repack(Tensor b, PackedMatrix into) {
        try (Call call = new Call()) {
            Tensor there = call.in(b);
            call.moved.clear(); // as above
            kernels().repack(there, into);
        }
    }

    @Override
    public void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate) {
        try (Call call = new Call()) {
            kernels().matmul(call.in(a), b, call.out(out), accumulate);
        }
    }

    @Override
    public void unpack(PackedMatrix b, int fromColumn, Tensor out) {
        try (Call call = new Call()) {
            kernels().unpack(b, fromColumn, call.out(out));
        }
    }

    /** An operation of two inputs and an output, which may be one of them. */
    private interface Binary {
        void apply(Tensor x, Tensor y, Tensor out);
    }

    private void binary(Binary operation, Tensor x, Tensor y, Tensor out) {
        try (Call call = new Call()) {
            Tensor to = call.out(out);
            operation.apply(x == out ? to : call.in(x), y == out ? to : call.in(y), to);
        }
    }

    @Override
    public void add(Tensor x, Tensor y, Tensor out) {
        binary(kernels()::add, x, y, out);
    }

    @Override
    public void multiply(Tensor x, Tensor y, Tensor out) {
        binary(kernels()::multiply, x, y, out);
    }

    @Override
    public void scale(Tensor x, float factor, Tensor out) {
        binary((from, unused, to) -> kernels().scale(from, factor, to), x, null, out);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor out) {
        binary((from, unused, to) -> kernels().addScaled(from, factor, to), x, null, out);
    }

    @Override
    public void addRow(Tensor x, Tensor row, Tensor out) {
        binary(kernels()::addRow, x, row, out);
    }

    @Override
    public void sumRowsInto(Tensor x, Tensor out) {
        try (Call call = new Call()) {
            kernels().sumRowsInto(call.in(x), call.out(out));
        }
    }

    @Override
    public double sumOfSquares(Tensor x) {
        try (Call call = new Call()) {
            return kernels().sumOfSquares(call.in(x));
        }
    }

    @Override
    public double sumOfSquares(List<Tensor> tensors) {
        try (Call call = new Call()) {
            return kernels().sumOfSquares(tensors.stream().map(call::in).toList());
        }
    }

    @Override
    public void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {
        try (Call call = new Call()) {
            kernels().rmsNorm(call.in(x), call.in(weight), epsilon, call.out(out), call.out(inverseRms));
        }
    }

    @Override
    public void rmsNormBackward(Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, Tensor dWeight) {
        try (Call call = new Call()) {
            kernels()
                    .rmsNormBackward(
                            call.in(dOut),
                            call.in(x),
                            call.in(weight),
                            call.in(inverseRms),
                            call.out(dX),
                            call.out(dWeight));
        }
    }

    @Override
    public void rotary(Tensor x, int headDim, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {
        binary(
                (from, unused, to) -> {
                    try (Call call = new Call()) {
                        kernels().rotary(from, headDim, call.in(cos), call.in(sin), positions, inverse, to);
                    }
                },
                x,
                null,
                out);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        binary(kernels()::swiGlu, gate, up, out);
    }

    @Override
    public void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        try (Call call = new Call()) {
            kernels().swiGluBackward(call.in(dOut), call.in(gate), call.in(up), call.out(dGate), call.out(dUp));
        }
    }

    @Override
    public void gatherRows(Tensor table, int[] rows, Tensor out) {
        try (Call call = new Call()) {
            kernels().gatherRows(call.in(table), rows, call.out(out));
        }
    }

    @Override
    public void scatterAddRows(Tensor x, int[] rows, Tensor table) {
        try (Call call = new Call()) {
            kernels().scatterAddRows(call.in(x), rows, call.out(table));
        }
    }

    @Override
    public KvCache newKvCache(int layers, int kvHeads, int headDim, DType dtype) {
        return new TwinCache(layers, kvHeads, headDim);
    }

    @Override
    public void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, Tensor stats) {
        try (Call call = new Call()) {
            CachedRows there =
                    new CachedRows(((TwinCache) rows.cache()).there, rows.layer(), rows.sequences(), rows.segments());
            kernels().attention(call.in(q), there, form, call.out(out), call.out(stats));
        }
    }

    @Override
    public void attention(Qkv qkv, Segments segments, AttentionForm form, Tensor out, Tensor stats) {
        try (Call call = new Call()) {
            Qkv there = new Qkv(call.in(qkv.q()), call.in(qkv.k()), call.in(qkv.v()));
            kernels().attention(there, segments, form, call.out(out), call.out(stats));
        }
    }

    @Override
    public void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {
        try (Call call = new Call()) {
            kernels()
                    .attentionBackward(
                            call.in(dOut),
                            new Qkv(call.in(in.q()), call.in(in.k()), call.in(in.v())),
                            call.in(out),
                            call.in(stats),
                            segments,
                            form,
                            new Qkv(call.out(gradients.q()), call.out(gradients.k()), call.out(gradients.v())));
        }
    }

    @Override
    public void logProbs(
            Tensor logits, float inverseTemperature, int[] targets, Tensor logProbs, Tensor entropy, Tensor stats) {
        try (Call call = new Call()) {
            kernels()
                    .logProbs(
                            call.in(logits),
                            inverseTemperature,
                            targets,
                            call.out(logProbs),
                            call.out(entropy),
                            call.out(stats));
        }
    }

    @Override
    public void logProbsBackward(
            Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats) {
        try (Call call = new Call()) {
            kernels()
                    .logProbsBackward(
                            call.out(logits), inverseTemperature, targets, call.in(dLogProbs), call.in(stats));
        }
    }

    @Override
    public void softmax(Tensor logits, float inverseTemperature, Tensor out) {
        binary((from, unused, to) -> kernels().softmax(from, inverseTemperature, to), logits, null, out);
    }

    @Override
    public int[] argmax(Tensor logits) {
        try (Call call = new Call()) {
            return kernels().argmax(call.in(logits));
        }
    }

    @Override
    public int[] sample(Tensor logits, float inverseTemperature, long seed, int[] coordinates) {
        try (Call call = new Call()) {
            return kernels().sample(call.in(logits), inverseTemperature, seed, coordinates);
        }
    }

    @Override
    public int[] sample(Tensor logits, SamplingFilters filters, long seed, int[] coordinates) {
        try (Call call = new Call()) {
            return kernels().sample(call.in(logits), filters, seed, coordinates);
        }
    }

    @Override
    public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        try (Call call = new Call()) {
            kernels().adamW(call.out(parameter), call.in(gradient), call.out(m), call.out(v), step);
        }
    }
}
