// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.ExpertKernels;
import dev.jacobian.tensor.ExpertOrder;
import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;

/**
 * Routing to experts and back, as plain loops. Not final, because only sums over features gain from vectors: choosing and
 * sorting are the same loops on every CPU.
 */
public class ReferenceExperts implements ExpertKernels {
    private final MatrixKernels matrices;

    /** Experts whose products {@code matrices} computes. */
    public ReferenceExperts(MatrixKernels matrices) {
        this.matrices = matrices;
    }

    @Override
    public void route(Tensor logits, boolean normalize, Tensor chosen, Tensor weights) {
        float[] p = new float[logits.extent(1)];
        for (int token = 0; token < logits.extent(0); token++) {
            softmax(logits.floats(), logits.offset() + token * p.length, p.length, p);
            route(logits, token, normalize, p, chosen, weights);
        }
    }

    /** Chooses for one token, whose softmax is p. */
    protected static void route(Tensor logits, int token, boolean normalize, float[] p, Tensor chosen, Tensor weights) {
        int experts = logits.extent(1);
        int k = chosen.extent(1);
        int from = logits.offset() + token * experts;
        int chosenAt = chosen.offset() + token * k;
        int weightsAt = weights.offset() + token * k;
        float sum = 0;
        for (int slot = 0; slot < k; slot++) {
            int best = -1;
            for (int i = 0; i < experts; i++) {
                // + 0 makes −0 equal to it
                boolean better = best < 0
                        || Float.compare(logits.floats()[from + i] + 0f, logits.floats()[from + best] + 0f) > 0;
                if (better && !contains(chosen.ints(), chosenAt, slot, i)) {
                    best = i;
                }
            }
            chosen.ints()[chosenAt + slot] = best;
            weights.floats()[weightsAt + slot] = p[best];
            sum += p[best];
        }
        for (int slot = 0; slot < k && normalize; slot++) {
            weights.floats()[weightsAt + slot] /= sum;
        }
    }

    private static boolean contains(int[] chosen, int from, int count, int expert) {
        for (int slot = 0; slot < count; slot++) {
            if (chosen[from + slot] == expert) {
                return true;
            }
        }
        return false;
    }

    private static void softmax(float[] x, int from, int n, float[] p) {
        float max = Float.NEGATIVE_INFINITY;
        for (int i = 0; i < n; i++) {
            max = Math.max(max, x[from + i]);
        }
        for (int i = 0; i < n; i++) {
            p[i] = Exp.exp(x[from + i] - max);
        }
        float inverse = 1f / FixedSum.sum(p, 0, n);
        for (int i = 0; i < n; i++) {
            p[i] *= inverse;
        }
    }

    @Override
    public void routeBackward(Tensor logits, boolean normalize, Tensor chosen, Tensor dWeights, Tensor dLogits) {
        float[] p = new float[logits.extent(1)];
        for (int token = 0; token < logits.extent(0); token++) {
            softmax(logits.floats(), logits.offset() + token * p.length, p.length, p);
            routeBackward(token, normalize, p, chosen, dWeights, dLogits);
        }
    }

    /** The gradient of one token, whose softmax is p. */
    protected static void routeBackward(
            int token, boolean normalize, float[] p, Tensor chosen, Tensor dWeights, Tensor dLogits) {
        int experts = dLogits.extent(1);
        int k = chosen.extent(1);
        int[] own = chosen.ints();
        int chosenAt = chosen.offset() + token * k;
        float[] dWs = dWeights.floats();
        int dWAt = dWeights.offset() + token * k;
        int to = dLogits.offset() + token * experts;
        float sum = 0;
        for (int slot = 0; slot < k; slot++) {
            sum += p[own[chosenAt + slot]];
        }
        float scale = normalize ? 1f / sum : 1f;
        float c = 0;
        for (int slot = 0; slot < k; slot++) {
            c = Math.fma(p[own[chosenAt + slot]] * scale, dWs[dWAt + slot], c);
        }
        for (int i = 0; i < experts; i++) {
            dLogits.floats()[to + i] = normalize ? 0f : -(p[i] * scale * c);
        }
        for (int slot = 0; slot < k; slot++) {
            int expert = own[chosenAt + slot];
            dLogits.floats()[to + expert] = p[expert] * scale * (dWs[dWAt + slot] - c);
        }
    }

    @Override
    public final void order(Tensor chosen, ExpertOrder into) {
        int pairs = into.pairs();
        int experts = into.experts();
        int[] ofPair = chosen.ints();
        int[] starts = new int[experts + 1];
        for (int pair = 0; pair < pairs; pair++) {
            starts[ofPair[chosen.offset() + pair] + 1]++;
        }
        for (int expert = 0; expert < experts; expert++) {
            starts[expert + 1] += starts[expert];
        }
        System.arraycopy(starts, 0, into.offsets().ints(), into.offsets().offset(), experts + 1);
        int[] tiles = into.tiles().ints();
        int tile = into.tiles().offset();
        Arrays.fill(tiles, tile, tile + into.tiles().elements(), -1);
        for (int expert = 0; expert < experts; expert++) {
            for (int row = starts[expert]; row < starts[expert + 1]; row += ExpertOrder.TILE) {
                tiles[tile++] = expert;
                tiles[tile++] = row;
            }
        }
        for (int pair = 0; pair < pairs; pair++) {
            int row = starts[ofPair[chosen.offset() + pair]]++;
            into.rowOfPair().ints()[into.rowOfPair().offset() + pair] = row;
            into.tokenOfRow().ints()[into.tokenOfRow().offset() + row] = pair / into.perToken();
        }
    }

    @Override
    public final void spread(Tensor x, ExpertOrder order, Tensor rows) {
        int d = x.extent(1);
        for (int row = 0; row < order.pairs(); row++) {
            int token = order.tokenOfRow().ints()[order.tokenOfRow().offset() + row];
            System.arraycopy(x.floats(), x.offset() + token * d, rows.floats(), rows.offset() + row * d, d);
        }
    }

    @Override
    public void combine(Tensor rows, ExpertOrder order, @Nullable Tensor weights, Tensor out) {
        int d = out.extent(1);
        out.fill(0f);
        for (int pair = 0; pair < order.pairs(); pair++) {
            float weight = weights == null ? 1f : weights.floats()[weights.offset() + pair];
            int from = rows.offset() + rowOf(order, pair) * d;
            int to = out.offset() + pair / order.perToken() * d;
            for (int i = 0; i < d; i++) {
                out.floats()[to + i] = Math.fma(weight, rows.floats()[from + i], out.floats()[to + i]);
            }
        }
    }

    @Override
    public void combineBackward(
            Tensor dOut, Tensor rows, ExpertOrder order, Tensor weights, Tensor dRows, Tensor dWeights) {
        int d = dOut.extent(1);
        for (int pair = 0; pair < order.pairs(); pair++) {
            int row = rowOf(order, pair);
            int from = dOut.offset() + pair / order.perToken() * d;
            float weight = weights.floats()[weights.offset() + pair];
            dWeights.floats()[dWeights.offset() + pair] =
                    FixedSum.dot(dOut.floats(), from, rows.floats(), rows.offset() + row * d, d);
            for (int i = 0; i < d; i++) {
                dRows.floats()[dRows.offset() + row * d + i] = weight * dOut.floats()[from + i];
            }
        }
    }

    /** The row of a pair. */
    protected static int rowOf(ExpertOrder order, int pair) {
        return order.rowOfPair().ints()[order.rowOfPair().offset() + pair];
    }

    @Override
    public final void groupedMatmul(Tensor x, Tensor weights, ExpertOrder order, Tensor out) {
        forEachExpert(
                order,
                (expert, from, to) -> matrices.matmul(
                        x.slice(0, from, to), weights.select(0, expert).t(), out.slice(0, from, to), false));
    }

    @Override
    public final void groupedInputGradient(Tensor dOut, Tensor weights, ExpertOrder order, Tensor dX) {
        forEachExpert(
                order,
                (expert, from, to) -> matrices.matmul(
                        dOut.slice(0, from, to), weights.select(0, expert), dX.slice(0, from, to), false));
    }

    @Override
    public final void groupedWeightGradient(Tensor dOut, Tensor x, ExpertOrder order, Tensor dWeights) {
        forEachExpert(
                order,
                (expert, from, to) -> matrices.matmul(
                        dOut.slice(0, from, to).t(), x.slice(0, from, to), dWeights.select(0, expert), true));
    }

    /** What is done with the rows [from, to) of an expert. */
    @FunctionalInterface
    private interface OfExpert {
        void run(int expert, int from, int to);
    }

    private static void forEachExpert(ExpertOrder order, OfExpert body) {
        int[] offsets = order.offsets().ints();
        int at = order.offsets().offset();
        for (int expert = 0; expert < order.experts(); expert++) {
            if (offsets[at + expert] < offsets[at + expert + 1]) {
                body.run(expert, offsets[at + expert], offsets[at + expert + 1]);
            }
        }
    }
}
