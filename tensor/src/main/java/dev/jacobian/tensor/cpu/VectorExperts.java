// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.ExpertOrder;
import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.SigmoidRouter;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import dev.jacobian.tensor.reference.ReferenceExperts;
import java.util.Arrays;

/** What of routing to experts gains from vectors and threads: the softmax over experts, and sums over features. */
final class VectorExperts extends ReferenceExperts {
    /** How much dearer an expert's logit is than an addition. */
    private static final int COST = 8;

    VectorExperts(MatrixKernels matrices) {
        super(matrices);
    }

    @Override
    public void route(Tensor logits, boolean normalize, Tensor chosen, Tensor weights) {
        int experts = logits.extent(1);
        Ranges.run(logits.extent(0), (COST + chosen.extent(1)) * experts, (from, to) -> {
            float[] p = Scratch.current().get(Slot.EXPONENTIALS, experts);
            for (int token = from; token < to; token++) {
                softmax(logits.floats(), logits.offset() + token * experts, experts, p);
                route(logits, token, normalize, p, chosen, weights);
            }
        });
    }

    @Override
    public void routeBackward(Tensor logits, boolean normalize, Tensor chosen, Tensor dWeights, Tensor dLogits) {
        int experts = logits.extent(1);
        Ranges.run(logits.extent(0), COST * experts, (from, to) -> {
            float[] p = Scratch.current().get(Slot.EXPONENTIALS, experts);
            for (int token = from; token < to; token++) {
                softmax(logits.floats(), logits.offset() + token * experts, experts, p);
                routeBackward(token, normalize, p, chosen, dWeights, dLogits);
            }
        });
    }

    @Override
    public void routeBySigmoid(
            Tensor logits, @Nullable Tensor correction, SigmoidRouter form, Tensor chosen, Tensor weights) {
        int experts = logits.extent(1);
        Ranges.run(logits.extent(0), (COST + chosen.extent(1)) * experts, (from, to) -> {
            float[] judged = Scratch.current().get(Slot.EXPONENTIALS, experts);
            for (int token = from; token < to; token++) {
                routeBySigmoid(logits, token, correction, form, judged, chosen, weights);
            }
        });
    }

    @Override
    public void routeBySigmoidBackward(
            Tensor logits, SigmoidRouter form, Tensor chosen, Tensor dWeights, Tensor dLogits) {
        Ranges.run(logits.extent(0), COST * chosen.extent(1) + logits.extent(1), (from, to) -> {
            for (int token = from; token < to; token++) {
                routeBySigmoidBackward(logits, token, form, chosen, dWeights, dLogits);
            }
        });
    }

    private static void softmax(float[] x, int from, int n, float[] p) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[from + i]);
        }
        VectorExp.exp(x, from, n, 1f, max, p, 0);
        float inverse = 1f / VectorSum.sum(p, 0, n, Scratch.current().get(Slot.LANES, VectorSum.PARTS));
        VectorElementwise.scale(p, 0, inverse, p, 0, n);
    }

    @Override
    public void combine(Tensor rows, ExpertOrder order, @Nullable Tensor weights, Tensor out) {
        int d = out.extent(1);
        int k = order.perToken();
        Ranges.run(out.extent(0), k * d, (from, to) -> {
            Arrays.fill(out.floats(), out.offset() + from * d, out.offset() + to * d, 0f);
            for (int pair = from * k; pair < to * k; pair++) {
                float weight = weights == null ? 1f : weights.floats()[weights.offset() + pair];
                VectorElementwise.addScaled(
                        rows.floats(),
                        rows.offset() + rowOf(order, pair) * d,
                        weight,
                        out.floats(),
                        out.offset() + pair / k * d,
                        d);
            }
        });
    }

    @Override
    public void combineBackward(
            Tensor dOut, Tensor rows, ExpertOrder order, Tensor weights, Tensor dRows, Tensor dWeights) {
        int d = dOut.extent(1);
        Ranges.run(order.pairs(), 2 * d, (from, to) -> {
            float[] parts = Scratch.current().get(Slot.LANES, VectorSum.PARTS);
            for (int pair = from; pair < to; pair++) {
                int row = rowOf(order, pair);
                int dOutAt = dOut.offset() + pair / order.perToken() * d;
                dWeights.floats()[dWeights.offset() + pair] =
                        VectorSum.dot(dOut.floats(), dOutAt, rows.floats(), rows.offset() + row * d, d, parts);
                float weight = weights.floats()[weights.offset() + pair];
                VectorElementwise.scale(dOut.floats(), dOutAt, weight, dRows.floats(), dRows.offset() + row * d, d);
            }
        });
    }
}
