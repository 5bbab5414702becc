// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.counted;

import dev.jacobian.tensor.ActivationKernels;
import dev.jacobian.tensor.AdamWStep;
import dev.jacobian.tensor.AttentionForm;
import dev.jacobian.tensor.AttentionKernels;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.CacheSpec;
import dev.jacobian.tensor.CachedRows;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.DeltaForm;
import dev.jacobian.tensor.DeltaInputs;
import dev.jacobian.tensor.ElementwiseKernels;
import dev.jacobian.tensor.ExpertKernels;
import dev.jacobian.tensor.ExpertOrder;
import dev.jacobian.tensor.GeluForm;
import dev.jacobian.tensor.HeadRun;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.NormKernels;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.OptimizerKernels;
import dev.jacobian.tensor.PackedMatrix;
import dev.jacobian.tensor.PositionKernels;
import dev.jacobian.tensor.Qkv;
import dev.jacobian.tensor.RecurrentKernels;
import dev.jacobian.tensor.RotaryForm;
import dev.jacobian.tensor.RowKernels;
import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.SigmoidRouter;
import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import java.util.List;

/** Every kernel without its arithmetic. Only what outlives a call is there: packed matrices and caches. */
final class CountedKernels
        implements MatrixKernels,
                ElementwiseKernels,
                NormKernels,
                ActivationKernels,
                PositionKernels,
                RowKernels,
                AttentionKernels,
                RecurrentKernels,
                ExpertKernels,
                SoftmaxKernels,
                OptimizerKernels {
    /** A matrix that is not there, in the size that it would have. */
    private record Packed(int rows, int columns, WeightFormat format) implements PackedMatrix {
        @Override
        public long bytes() {
            return Backends.cpu().matrices().packedBytes(rows, columns, format);
        }
    }

    @Override
    public PackedMatrix pack(Tensor b, WeightFormat format) {
        return new Packed(b.extent(0), b.extent(1), format);
    }

    @Override
    public KvCache newKvCache(List<CacheSpec> layers, DType dtype) {
        return new CountedKvCache(layers);
    }

    @Override
    public void repack(Tensor b, PackedMatrix into) {}

    @Override
    public void unpack(PackedMatrix b, int fromColumn, Tensor out) {}

    @Override
    public void matmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {}

    @Override
    public void matmul(Tensor a, PackedMatrix b, Tensor out, boolean accumulate) {}

    @Override
    public void batchedMatmul(Tensor a, Tensor b, Tensor out, boolean accumulate) {}

    @Override
    public void add(Tensor x, Tensor y, Tensor out) {}

    @Override
    public void multiply(Tensor x, Tensor y, Tensor out) {}

    @Override
    public void scale(Tensor x, float factor, Tensor out) {}

    @Override
    public void addScaled(Tensor x, float factor, Tensor out) {}

    @Override
    public void addRow(Tensor x, Tensor row, Tensor out) {}

    @Override
    public void sumRowsInto(Tensor x, Tensor out) {}

    @Override
    public double sumOfSquares(Tensor x) {
        return 0;
    }

    @Override
    public void rmsNorm(Tensor x, Tensor weight, float epsilon, Tensor out, Tensor inverseRms) {}

    @Override
    public void rmsNormBackward(
            Tensor dOut, Tensor x, Tensor weight, Tensor inverseRms, Tensor dX, @Nullable Tensor dWeight) {}

    @Override
    public void layerNorm(
            Tensor x,
            Tensor weight,
            @Nullable Tensor bias,
            float epsilon,
            Tensor out,
            Tensor means,
            Tensor inverseStd) {}

    @Override
    public void layerNormBackward(
            Tensor dOut,
            Tensor x,
            Tensor weight,
            Tensor means,
            Tensor inverseStd,
            Tensor dX,
            @Nullable Tensor dWeight) {}

    @Override
    public void squaredRelu(Tensor x, Tensor out) {}

    @Override
    public void squaredReluBackward(Tensor dOut, Tensor x, Tensor dX) {}

    @Override
    public void gelu(Tensor x, GeluForm form, Tensor out) {}

    @Override
    public void geluBackward(Tensor dOut, Tensor x, GeluForm form, Tensor dX) {}

    @Override
    public void geGlu(Tensor gate, Tensor up, GeluForm form, Tensor out) {}

    @Override
    public void geGluBackward(Tensor dOut, Tensor gate, Tensor up, GeluForm form, Tensor dGate, Tensor dUp) {}

    @Override
    public void softCap(Tensor x, float cap, Tensor out) {}

    @Override
    public void softCapBackward(Tensor dOut, Tensor capped, float cap, Tensor dX) {}

    @Override
    public void swiGlu(Tensor gate, Tensor up, Tensor out) {}

    @Override
    public void clampedSwiGlu(Tensor gate, Tensor up, Tensor out) {}

    @Override
    public void clampedSwiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {}

    @Override
    public void swiGluBackward(Tensor dOut, Tensor gate, Tensor up, Tensor dGate, Tensor dUp) {}

    @Override
    public void rotary(
            Tensor x, RotaryForm form, Tensor cos, Tensor sin, int[] positions, boolean inverse, Tensor out) {}

    @Override
    public void copyHeads(int count, Tensor from, HeadRun source, Tensor to, HeadRun target) {}

    @Override
    public void gatherRows(Tensor table, int[] rows, Tensor out) {}

    @Override
    public void scatterAddRows(Tensor x, int[] rows, Tensor table) {}

    @Override
    public void attention(Tensor q, CachedRows rows, AttentionForm form, Tensor out, @Nullable Tensor stats) {}

    @Override
    public void sinks(Tensor sinks, Tensor out, Tensor stats) {}

    @Override
    public void sinksBackward(Tensor dOut, Tensor out, Tensor stats, Tensor sinks, Tensor dSinks) {}

    @Override
    public void attentionBackward(
            Tensor dOut, Qkv in, Tensor out, Tensor stats, Segments segments, AttentionForm form, Qkv gradients) {}

    @Override
    public void route(Tensor logits, boolean normalize, Tensor chosen, Tensor weights) {}

    @Override
    public void routeBackward(Tensor logits, boolean normalize, Tensor chosen, Tensor dWeights, Tensor dLogits) {}

    @Override
    public void routeBySigmoid(
            Tensor logits, @Nullable Tensor correction, SigmoidRouter form, Tensor chosen, Tensor weights) {}

    @Override
    public void routeBySigmoidBackward(
            Tensor logits, SigmoidRouter form, Tensor chosen, Tensor dWeights, Tensor dLogits) {}

    @Override
    public void order(Tensor chosen, ExpertOrder into) {}

    @Override
    public void spread(Tensor x, ExpertOrder order, Tensor rows) {}

    @Override
    public void combine(Tensor rows, ExpertOrder order, @Nullable Tensor weights, Tensor out) {}

    @Override
    public void combineBackward(
            Tensor dOut, Tensor rows, ExpertOrder order, Tensor weights, Tensor dRows, Tensor dWeights) {}

    @Override
    public void groupedMatmul(Tensor x, Tensor weights, ExpertOrder order, Tensor out) {}

    @Override
    public void forEachExpert(ExpertOrder order, OfExpert body) {}

    @Override
    public void addBiases(Tensor rows, Tensor biases, ExpertOrder order) {}

    @Override
    public void biasesGradient(Tensor dOut, ExpertOrder order, Tensor dBiases) {}

    @Override
    public void groupedInputGradient(Tensor dOut, Tensor weights, ExpertOrder order, Tensor dX) {}

    @Override
    public void groupedWeightGradient(Tensor dOut, Tensor x, ExpertOrder order, Tensor dWeights) {}

    @Override
    public void logProbs(
            Tensor logits,
            float inverseTemperature,
            int[] targets,
            Tensor logProbs,
            @Nullable Tensor entropy,
            Tensor stats) {}

    @Override
    public void logProbsBackward(
            Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats) {}

    @Override
    public void softmax(Tensor logits, float inverseTemperature, Tensor out) {}

    @Override
    public void sigmoid(Tensor x, Tensor out) {}

    @Override
    public void sigmoidBackward(Tensor dOut, Tensor out, Tensor dX) {}

    @Override
    public void silu(Tensor x, Tensor out) {}

    @Override
    public void siluBackward(Tensor dOut, Tensor x, Tensor dX) {}

    @Override
    public void convolution(
            Tensor x, Tensor weight, @Nullable Tensor bias, Segments segments, List<Tensor> states, Tensor out) {}

    @Override
    public void convolutionBackward(
            Tensor dOut, Tensor x, Tensor weight, Segments segments, Tensor dX, @Nullable Tensor dWeight) {}

    @Override
    public void decay(Tensor x, Tensor logRate, Tensor bias, Tensor out) {}

    @Override
    public void decayBackward(
            Tensor dOut, Tensor x, Tensor logRate, Tensor bias, Tensor out, Tensor dX, @Nullable Tensor dLogRate) {}

    @Override
    public void deltaRule(DeltaInputs in, DeltaForm form, Segments segments, List<Tensor> states, Tensor out) {}

    @Override
    public void deltaRuleBackward(
            Tensor dOut, DeltaInputs in, DeltaForm form, Segments segments, DeltaInputs gradients) {}

    @Override
    public void adamW(Tensor parameter, Tensor gradient, Tensor m, Tensor v, AdamWStep step) {}
}
