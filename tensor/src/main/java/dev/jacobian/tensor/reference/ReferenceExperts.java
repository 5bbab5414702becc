// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.ExpertKernels;
import dev.jacobian.tensor.ExpertOrder;
import dev.jacobian.tensor.MatrixKernels;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.SigmoidRouter;
import dev.jacobian.tensor.Tensor;
import java.util.Arrays;

/**
 * Routing to experts and back, as plain loops. Not final, because only sums over features gain from vectors: choosing and
 * sorting are the same loops on every CPU.
 */
public class ReferenceExperts implements ExpertKernels {
    /** Added to a sum that something is divided by. */
    private static final float TINY = 1e-20f;

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
                boolean better = best < 0 || isBetter(logits.floats()[from + i], logits.floats()[from + best]);
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
    public void routeBySigmoid(
            Tensor logits, @Nullable Tensor correction, SigmoidRouter form, Tensor chosen, Tensor weights) {
        float[] judged = new float[logits.extent(1)];
        for (int token = 0; token < logits.extent(0); token++) {
            routeBySigmoid(logits, token, correction, form, judged, chosen, weights);
        }
    }

    /** Chooses for one token. */
    protected static void routeBySigmoid(
            Tensor logits,
            int token,
            @Nullable Tensor correction,
            SigmoidRouter form,
            float[] judged,
            Tensor chosen,
            Tensor weights) {
        int experts = logits.extent(1);
        int k = chosen.extent(1);
        int from = logits.offset() + token * experts;
        for (int i = 0; i < experts; i++) {
            float ofExpert = correction == null ? 0f : correction.floats()[correction.offset() + i];
            judged[i] = sigmoid(logits.floats()[from + i]) + ofExpert;
        }
        keepGroups(judged, experts, form);
        int chosenAt = chosen.offset() + token * k;
        int weightsAt = weights.offset() + token * k;
        float sum = 0f;
        for (int slot = 0; slot < k; slot++) {
            int best = -1;
            for (int i = 0; i < experts; i++) {
                if ((best < 0 || isBetter(judged[i], judged[best])) && !contains(chosen.ints(), chosenAt, slot, i)) {
                    best = i;
                }
            }
            float weight = sigmoid(logits.floats()[from + best]);
            chosen.ints()[chosenAt + slot] = best;
            weights.floats()[weightsAt + slot] = weight;
            sum += weight;
        }
        float factor = form.normalize() ? form.scale() / (sum + TINY) : form.scale();
        for (int slot = 0; slot < k; slot++) {
            weights.floats()[weightsAt + slot] *= factor;
        }
    }

    /** Judges the experts of all but the best groups as 0. */
    private static void keepGroups(float[] judged, int experts, SigmoidRouter form) {
        if (form.keptGroups() == form.groups()) {
            return;
        }
        int size = experts / form.groups();
        float[] best = new float[form.groups()]; // sum of the two best of each
        for (int group = 0; group < best.length; group++) {
            float first = Float.NEGATIVE_INFINITY;
            float second = Float.NEGATIVE_INFINITY;
            for (int i = group * size; i < (group + 1) * size; i++) {
                if (isBetter(judged[i], first)) {
                    second = first;
                    first = judged[i];
                } else if (isBetter(judged[i], second)) {
                    second = judged[i];
                }
            }
            best[group] = first + second;
        }
        for (int group = 0; group < best.length; group++) {
            int ahead = 0;
            for (int other = 0; other < best.length; other++) {
                boolean wins = other < group ? !isBetter(best[group], best[other]) : isBetter(best[other], best[group]);
                ahead += other != group && wins ? 1 : 0;
            }
            if (ahead >= form.keptGroups()) {
                Arrays.fill(judged, group * size, (group + 1) * size, 0f);
            }
        }
    }

    /** + 0 makes −0 equal to it. */
    private static boolean isBetter(float one, float other) {
        return Float.compare(one + 0f, other + 0f) > 0;
    }

    private static float sigmoid(float x) {
        return 1f / (1f + Exp.exp(-x));
    }

    @Override
    public void routeBySigmoidBackward(
            Tensor logits, SigmoidRouter form, Tensor chosen, Tensor dWeights, Tensor dLogits) {
        for (int token = 0; token < logits.extent(0); token++) {
            routeBySigmoidBackward(logits, token, form, chosen, dWeights, dLogits);
        }
    }

    /** The gradient of one token. */
    protected static void routeBySigmoidBackward(
            Tensor logits, int token, SigmoidRouter form, Tensor chosen, Tensor dWeights, Tensor dLogits) {
        int experts = logits.extent(1);
        int k = chosen.extent(1);
        int from = logits.offset() + token * experts;
        int chosenAt = chosen.offset() + token * k;
        int dWAt = dWeights.offset() + token * k;
        int to = dLogits.offset() + token * experts;
        float sum = TINY;
        for (int slot = 0; slot < k; slot++) {
            sum += sigmoid(logits.floats()[from + chosen.ints()[chosenAt + slot]]);
        }
        float c = 0f;
        for (int slot = 0; slot < k && form.normalize(); slot++) {
            float share = sigmoid(logits.floats()[from + chosen.ints()[chosenAt + slot]]) / sum;
            c = Math.fma(share, dWeights.floats()[dWAt + slot], c);
        }
        float factor = form.normalize() ? form.scale() / sum : form.scale();
        Arrays.fill(dLogits.floats(), to, to + experts, 0f);
        for (int slot = 0; slot < k; slot++) {
            int expert = chosen.ints()[chosenAt + slot];
            float s = sigmoid(logits.floats()[from + expert]);
            dLogits.floats()[to + expert] = factor * (dWeights.floats()[dWAt + slot] - c) * (s * (1f - s));
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

    @Override
    public final void addBiases(Tensor rows, Tensor biases, ExpertOrder order) {
        int m = rows.extent(1);
        forEachExpert(order, (expert, from, to) -> {
            for (int row = from; row < to; row++) {
                int at = rows.offset() + row * m;
                int own = biases.offset() + expert * m;
                for (int i = 0; i < m; i++) {
                    rows.floats()[at + i] += biases.floats()[own + i];
                }
            }
        });
    }

    @Override
    public final void biasesGradient(Tensor dOut, ExpertOrder order, Tensor dBiases) {
        int m = dOut.extent(1);
        forEachExpert(order, (expert, from, to) -> {
            for (int row = from; row < to; row++) {
                int at = dOut.offset() + row * m;
                int own = dBiases.offset() + expert * m;
                for (int i = 0; i < m; i++) {
                    dBiases.floats()[own + i] += dOut.floats()[at + i];
                }
            }
        });
    }

    @Override
    public final void forEachExpert(ExpertOrder order, OfExpert body) {
        int[] offsets = order.offsets().ints();
        int at = order.offsets().offset();
        for (int expert = 0; expert < order.experts(); expert++) {
            if (offsets[at + expert] < offsets[at + expert + 1]) {
                body.run(expert, offsets[at + expert], offsets[at + expert + 1]);
            }
        }
    }
}
