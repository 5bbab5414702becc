// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import dev.jacobian.tensor.Segments;
import dev.jacobian.tensor.Tensor;

/**
 * Attention and its gradients in double precision, straight from the definition, with the sums of absolute terms that error
 * bounds are made of.
 *
 * @param segments rows and their parents
 * @param softCap scores are softCap · tanh(s / softCap); 0 for none
 */
record FlashOracle(Segments segments, int heads, int kvHeads, int headDim, double scale, int window, double softCap) {
    /** Called for each visible pair of a query and a key. */
    private interface Pair {
        void visit(int key, double score);
    }

    /** Results in F32 and a bound for the error of each of their elements. */
    record Near(float[] values, float[] bounds) {
        static Near of(double[] values, double[] bounds) {
            float[] v = new float[values.length];
            float[] b = new float[values.length];
            for (int i = 0; i < v.length; i++) {
                v[i] = (float) values[i];
                b[i] = (float) bounds[i];
            }
            return new Near(v, b);
        }
    }

    /** Half the distance between neighbouring BF16 numbers, relatively. */
    private static final double ROUNDED = 0x1p-8;

    /** Errors of sums in F32 and of the device's powers of two, relatively to the sums of absolute terms. */
    private static final double SUMMED = 0x1p-14;

    /** Outputs [N, H, D] and statistics [N, H, 2]. */
    record Forward(Near out, Near stats) {}

    Forward forward(Tensor q, Tensor k, Tensor v) {
        int n = segments.rows();
        double[] out = new double[n * heads * headDim];
        double[] bounds = new double[out.length];
        double[] stats = new double[n * heads * 2];
        double[] statBounds = new double[stats.length];
        forEachQuery((segment, row, head) -> {
            int at = row * heads + head;
            double[] largest = {Double.NEGATIVE_INFINITY};
            forEachKey(q, k, segment, row, head, (key, score) -> largest[0] = Math.max(largest[0], score));
            double[] sum = {0};
            double[] value = new double[headDim];
            double[] absolute = new double[headDim];
            forEachKey(q, k, segment, row, head, (key, score) -> {
                double weight = Math.exp(score - largest[0]);
                sum[0] += weight;
                for (int d = 0; d < headDim; d++) {
                    double term = weight * v.floats()[key * headDim + d];
                    value[d] += term;
                    absolute[d] += Math.abs(term);
                }
            });
            for (int d = 0; d < headDim; d++) {
                out[at * headDim + d] = value[d] / sum[0];
                // the weights are rounded, and the result
                bounds[at * headDim + d] = (ROUNDED + SUMMED) * (absolute[d] + Math.abs(value[d])) / sum[0];
            }
            stats[2 * at] = largest[0];
            stats[2 * at + 1] = sum[0];
            statBounds[2 * at] = SUMMED * Math.max(1, Math.abs(largest[0]));
            statBounds[2 * at + 1] = SUMMED * sum[0];
        });
        return new Forward(Near.of(out, bounds), Near.of(stats, statBounds));
    }

    /** Gradients [N, H, D], [N, kvHeads, D] and [N, kvHeads, D]. */
    record Backward(Near dQ, Near dK, Near dV) {}

    /** Gradients, where deltas come from the outputs as they were stored. */
    Backward backward(Tensor dOut, Tensor q, Tensor k, Tensor v, Tensor out, float[] stats) {
        int n = segments.rows();
        double[] dQ = new double[n * heads * headDim];
        double[] dK = new double[n * kvHeads * headDim];
        double[] dV = new double[n * kvHeads * headDim];
        double[] boundQ = new double[dQ.length];
        double[] boundK = new double[dK.length];
        double[] boundV = new double[dV.length];
        forEachQuery((segment, row, head) -> {
            int at = row * heads + head;
            double delta = 0;
            double absoluteDelta = 0;
            for (int d = 0; d < headDim; d++) {
                double term = (double) dOut.floats()[at * headDim + d] * out.floats()[at * headDim + d];
                delta += term;
                absoluteDelta += Math.abs(term);
            }
            double fixedDelta = delta;
            double fixedAbsoluteDelta = absoluteDelta;
            forEachKey(q, k, segment, row, head, (key, score) -> {
                double weight = Math.exp(score - stats[2 * at]) / stats[2 * at + 1];
                double dWeight = 0;
                double absolute = fixedAbsoluteDelta;
                for (int d = 0; d < headDim; d++) {
                    double term = (double) dOut.floats()[at * headDim + d] * v.floats()[key * headDim + d];
                    dWeight += term;
                    absolute += Math.abs(term);
                }
                double steep = softCap > 0 ? 1 - score / softCap * (score / softCap) : 1;
                double slope = weight * (dWeight - fixedDelta) * steep * scale;
                double slopeBound = ROUNDED * Math.abs(slope) + SUMMED * weight * absolute * scale;
                for (int d = 0; d < headDim; d++) {
                    int query = at * headDim + d;
                    int element = key * headDim + d;
                    dQ[query] += slope * k.floats()[element];
                    boundQ[query] += slopeBound * Math.abs(k.floats()[element]);
                    dK[element] += slope * q.floats()[query];
                    boundK[element] += slopeBound * Math.abs(q.floats()[query]);
                    dV[element] += weight * dOut.floats()[query];
                    boundV[element] += (ROUNDED + SUMMED) * weight * Math.abs(dOut.floats()[query]);
                }
            });
        });
        return new Backward(stored(dQ, boundQ), stored(dK, boundK), stored(dV, boundV));
    }

    private static Near stored(double[] values, double[] bounds) {
        for (int i = 0; i < values.length; i++) {
            bounds[i] = bounds[i] * (1 + ROUNDED) + ROUNDED * Math.abs(values[i]);
        }
        return Near.of(values, bounds);
    }

    private interface Query {
        void visit(int segment, int row, int head);
    }

    private void forEachQuery(Query visitor) {
        for (int s = 0; s < segments.count(); s++) {
            for (int row = segments.start(s); row < segments.start(s) + segments.length(s); row++) {
                for (int head = 0; head < heads; head++) {
                    visitor.visit(s, row, head);
                }
            }
        }
    }

    private void forEachKey(Tensor q, Tensor k, int segment, int row, int head, Pair visitor) {
        int history = segments.history(segment);
        int position = history + row - segments.start(segment);
        int first = window > 0 ? Math.max(0, position - window + 1) : 0;
        for (int p = first; p <= position; p++) {
            int keyRow =
                    p < history ? segments.start(segments.parent(segment)) + p : segments.start(segment) + p - history;
            int key = keyRow * kvHeads + head / (heads / kvHeads);
            double score = 0;
            for (int d = 0; d < headDim; d++) {
                score += (double) q.floats()[(row * heads + head) * headDim + d] * k.floats()[key * headDim + d];
            }
            score *= scale;
            visitor.visit(key, softCap > 0 ? softCap * Math.tanh(score / softCap) : score);
        }
    }
}
