// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.tensor.reference.HeapKvCache;

/**
 * Kernels on the Vector API, bit for bit equal to the {@linkplain dev.jacobian.tensor.reference.ReferenceBackend reference}
 * at every vector width and number of threads.
 *
 * <p>One file per family of kernels. Large operations run on {@link dev.jacobian.tensor.ComputePool}; small ones on the
 * caller alone. The only memory that an operation allocates is a few small objects to describe parallel work.
 */
public final class VectorBackend implements Backend {
    @Override
    public String name() {
        return "vector-" + Lanes.COUNT * Float.SIZE;
    }

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        VectorMatMul.matmul(a, b, out, accumulate);
    }

    @Override
    public void batchedMatmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        BatchedMatMul.matmul(a, b, out, accumulate);
    }

    @Override
    public PackedMatrix pack(Tensor b, WeightFormat format) {
        return format == WeightFormat.F32 ? PackedPanels.of(b) : NarrowPanels.of(b, format);
    }

    @Override
    public void repack(Tensor b, PackedMatrix into) {
        switch (into) {
            case NarrowPanels narrow -> narrow.fill(b);
            default -> PackedPanels.pack(b, 0, into.rows(), 0, into.columns(), ((PackedPanels) into).strips());
        }
    }

    @Override
    public void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate) {
        switch (b) {
            case NarrowPanels narrow -> NarrowMatMul.matmul(a, narrow, out, accumulate);
            default -> VectorMatMul.matmul(a, (PackedPanels) b, out, accumulate);
        }
    }

    @Override
    public void unpack(PackedMatrix b, int fromColumn, Tensor out) {
        switch (b) {
            case NarrowPanels narrow -> NarrowMatMul.unpack(narrow, fromColumn, out);
            default -> ((PackedPanels) b).unpack(fromColumn, out);
        }
    }

    @Override
    public void add(Tensor x, Tensor y, Tensor out) {
        VectorElementwise.add(x, y, out);
    }

    @Override
    public void multiply(Tensor x, Tensor y, Tensor out) {
        VectorElementwise.multiply(x, y, out);
    }

    @Override
    public void scale(Tensor x, float factor, Tensor out) {
        VectorElementwise.scale(x, factor, out);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor out) {
        VectorElementwise.addScaled(x, factor, out);
    }

    @Override
    public void addRow(Tensor x, Tensor row, Tensor out) {
        VectorElementwise.addRow(x, row, out);
    }

    @Override
    public void sumRowsInto(Tensor x, Tensor out) {
        VectorElementwise.sumRowsInto(x, out);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return VectorElementwise.sumOfSquares(x);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {
        VectorNorm.rmsNorm(x, weight, epsilon, out, inverseRms);
    }

    @Override
    public void rmsNormBackward(Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, Tensor dWeight) {
        VectorNorm.rmsNormBackward(dOut, x, weight, inverseRms, dX, dWeight);
    }

    @Override
    public void rotary(Tensor x, int headDim, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {
        VectorRotary.rotary(x, headDim, cos, sin, positions, inverse, out);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        VectorActivation.swiGlu(gate, up, out);
    }

    @Override
    public void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        VectorActivation.swiGluBackward(dOut, gate, up, dGate, dUp);
    }

    @Override
    public void gatherRows(Tensor table, int[] rows, Tensor out) {
        VectorRows.gatherRows(table, rows, out);
    }

    @Override
    public void scatterAddRows(Tensor x, int[] rows, Tensor table) {
        VectorRows.scatterAddRows(x, rows, table);
    }

    @Override
    public KvCache newKvCache(int layers, int kvHeads, int headDim, DType dtype) {
        return new HeapKvCache(layers, kvHeads, headDim, dtype);
    }

    @Override
    public void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, Tensor stats) {
        VectorAttention.attention(q, rows, form, out, stats);
    }

    @Override
    public void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {
        VectorAttentionBackward.attentionBackward(dOut, in, out, stats, segments, form, gradients);
    }

    @Override
    public void logProbs(
            Tensor logits, float inverseTemperature, int[] targets, Tensor logProbs, Tensor entropy, Tensor stats) {
        VectorSoftmax.logProbs(logits, inverseTemperature, targets, logProbs, entropy, stats);
    }

    @Override
    public void softmax(Tensor logits, float inverseTemperature, Tensor out) {
        VectorSoftmax.softmax(logits, inverseTemperature, out);
    }

    @Override
    public void logProbsBackward(
            Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats) {
        VectorSoftmax.logProbsBackward(logits, inverseTemperature, targets, dLogProbs, stats);
    }

    @Override
    public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        VectorAdamW.adamW(parameter, gradient, m, v, step);
    }
}
