// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;

/**
 * The specification of every kernel, as plain loops; also the fallback where the Vector API is missing.
 *
 * <p>Written to be read, not to be fast: expect a hundredth of the vector backend's speed.
 */
public final class ReferenceBackend implements Backend {
    @Override
    public String name() {
        return "reference";
    }

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        ReferenceMatMul.matmul(a, b, out, accumulate);
    }

    @Override
    public PackedMatrix pack(Tensor b, WeightFormat format) {
        return new ReferenceMatMul.Packed(ReferenceQuantization.rounded(b, format), format);
    }

    @Override
    public void repack(Tensor b, PackedMatrix into) {
        ((ReferenceMatMul.Packed) into).matrix().copyFrom(ReferenceQuantization.rounded(b, into.format()));
    }

    @Override
    public void unpack(PackedMatrix b, int fromColumn, Tensor out) {
        out.copyFrom(((ReferenceMatMul.Packed) b).matrix().slice(1, fromColumn, fromColumn + out.extent(1)));
    }

    @Override
    public void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate) {
        ReferenceMatMul.matmul(a, ((ReferenceMatMul.Packed) b).matrix(), out, accumulate);
    }

    @Override
    public void add(Tensor x, Tensor y, Tensor out) {
        ReferenceElementwise.add(x, y, out);
    }

    @Override
    public void multiply(Tensor x, Tensor y, Tensor out) {
        ReferenceElementwise.multiply(x, y, out);
    }

    @Override
    public void scale(Tensor x, float factor, Tensor out) {
        ReferenceElementwise.scale(x, factor, out);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor out) {
        ReferenceElementwise.addScaled(x, factor, out);
    }

    @Override
    public void addRow(Tensor x, Tensor row, Tensor out) {
        ReferenceElementwise.addRow(x, row, out);
    }

    @Override
    public void sumRowsInto(Tensor x, Tensor out) {
        ReferenceElementwise.sumRowsInto(x, out);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return ReferenceElementwise.sumOfSquares(x);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {
        ReferenceNorm.rmsNorm(x, weight, epsilon, out, inverseRms);
    }

    @Override
    public void rmsNormBackward(Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, Tensor dWeight) {
        ReferenceNorm.rmsNormBackward(dOut, x, weight, inverseRms, dX, dWeight);
    }

    @Override
    public void rotary(Tensor x, int headDim, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {
        ReferenceRotary.rotary(x, headDim, cos, sin, positions, inverse, out);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        ReferenceActivation.swiGlu(gate, up, out);
    }

    @Override
    public void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        ReferenceActivation.swiGluBackward(dOut, gate, up, dGate, dUp);
    }

    @Override
    public void gatherRows(Tensor table, int[] rows, Tensor out) {
        ReferenceRows.gatherRows(table, rows, out);
    }

    @Override
    public void scatterAddRows(Tensor x, int[] rows, Tensor table) {
        ReferenceRows.scatterAddRows(x, rows, table);
    }

    @Override
    public KvCache newKvCache(int layers, int kvHeads, int headDim, DType dtype) {
        return new HeapKvCache(layers, kvHeads, headDim, dtype);
    }

    @Override
    public void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, Tensor stats) {
        ReferenceAttention.attention(q, rows, form, out, stats);
    }

    @Override
    public void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {
        ReferenceAttention.attentionBackward(dOut, in, out, stats, segments, form, gradients);
    }

    @Override
    public void logProbs(
            Tensor logits, float inverseTemperature, int[] targets, Tensor logProbs, Tensor entropy, Tensor stats) {
        ReferenceSoftmax.logProbs(logits, inverseTemperature, targets, logProbs, entropy, stats);
    }

    @Override
    public void logProbsBackward(
            Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats) {
        ReferenceSoftmax.logProbsBackward(logits, inverseTemperature, targets, dLogProbs, stats);
    }

    @Override
    public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        ReferenceAdamW.adamW(parameter, gradient, m, v, step);
    }

    @Override
    public void softmax(Tensor logits, float inverseTemperature, Tensor out) {
        ReferenceSoftmax.softmax(logits, inverseTemperature, out);
    }
}
