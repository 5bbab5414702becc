// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;
import dev.jacobian.tensor.reference.ReferenceBackend;

import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;

/** Vector API kernels. */
public final class VectorBackend implements Backend {
    private final ReferenceBackend reference = new ReferenceBackend();

    @Override
    public String name() {
        return "vector-" + Lanes.COUNT * Float.SIZE;
    }

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {
        VectorMatMul.matmul(a, b, out, accumulate);
    }

    @Override
    public PackedMatrix pack(Tensor b) {
        return PackedPanels.of(b);
    }

    @Override
    public void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate) {
        VectorMatMul.matmul(a, (PackedPanels) b, out, accumulate);
    }

    @Override
    public void add(Tensor x, Tensor y, Tensor out) {
        reference.add(x, y, out);
    }

    @Override
    public void multiply(Tensor x, Tensor y, Tensor out) {
        reference.multiply(x, y, out);
    }

    @Override
    public void scale(Tensor x, float factor, Tensor out) {
        reference.scale(x, factor, out);
    }

    @Override
    public void addScaled(Tensor x, float factor, Tensor out) {
        reference.addScaled(x, factor, out);
    }

    @Override
    public void addRow(Tensor x, Tensor row, Tensor out) {
        reference.addRow(x, row, out);
    }

    @Override
    public void sumRowsInto(Tensor x, Tensor out) {
        reference.sumRowsInto(x, out);
    }

    @Override
    public double sumOfSquares(Tensor x) {
        return reference.sumOfSquares(x);
    }

    @Override
    public void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {
        reference.rmsNorm(x, weight, epsilon, out, inverseRms);
    }

    @Override
    public void rmsNormBackward(Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, Tensor dWeight) {
        reference.rmsNormBackward(dOut, x, weight, inverseRms, dX, dWeight);
    }

    @Override
    public void rotary(Tensor x, int headDim, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {
        reference.rotary(x, headDim, cos, sin, positions, inverse, out);
    }

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {
        reference.swiGlu(gate, up, out);
    }

    @Override
    public void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {
        reference.swiGluBackward(dOut, gate, up, dGate, dUp);
    }

    @Override
    public void gatherRows(Tensor table, int[] rows, Tensor out) {
        reference.gatherRows(table, rows, out);
    }

    @Override
    public void scatterAddRows(Tensor x, int[] rows, Tensor table) {
        reference.scatterAddRows(x, rows, table);
    }

    @Override
    public KvCache newKvCache(int layers, int kvHeads, int headDim) {
        return reference.newKvCache(layers, kvHeads, headDim);
    }

    @Override
    public void attention(Tensor q, KvCache cache, int layer, int[] sequences, Segments segments, float scale, int window, Tensor out, Tensor stats) {
        reference.attention(q, cache, layer, sequences, segments, scale, window, out, stats);
    }

    @Override
    public void attentionBackward(Tensor dOut, Tensor q, Tensor k, Tensor v, Tensor out, Tensor stats, Segments segments, int headDim, float scale, int window, Tensor dQ, Tensor dK, Tensor dV) {
        reference.attentionBackward(dOut, q, k, v, out, stats, segments, headDim, scale, window, dQ, dK, dV);
    }

    @Override
    public void logProbs(Tensor logits, float inverseTemperature, int[] targets, Tensor logProbs, Tensor entropy, Tensor stats) {
        reference.logProbs(logits, inverseTemperature, targets, logProbs, entropy, stats);
    }

    @Override
    public void logProbsBackward(Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats) {
        reference.logProbsBackward(logits, inverseTemperature, targets, dLogProbs, stats);
    }

    @Override
    public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {
        reference.adamW(parameter, gradient, m, v, step);
    }
}

