// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cpu;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cpu.Scratch.Slot;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/**
 * Log-probabilities, entropy and the gradient over rows of logits.
 *
 * <p>Where vectors are narrower than 16 lanes, a row is walked once per vector's worth of partial sums instead of keeping
 * several sums at once: the exponential dominates, and the code stays the same for every width.
 */
final class VectorSoftmax implements SoftmaxKernels {
    private static final int L = Lanes.COUNT;
    private static final int PARTS = VectorSum.PARTS;

    /** How much dearer an element is than an addition. */
    private static final int COST = 8;

    @Override
    public void logProbs(
            Tensor logits,
            float inverseTemperature,
            int[] targets,
            Tensor logProbs,
            @Nullable Tensor entropy,
            Tensor stats) {
        int vocabulary = logits.extent(1);
        Ranges.run(targets.length, COST * vocabulary, (from, to) -> {
            float[] parts = Scratch.current().get(Slot.LANES, 2 * PARTS);
            for (int row = from; row < to; row++) {
                int at = logits.offset() + row * vocabulary;
                float max = max(logits.floats(), at, vocabulary, inverseTemperature);
                sums(logits.floats(), at, vocabulary, inverseTemperature, max, parts);
                float sum = VectorSum.fold(parts);
                System.arraycopy(parts, PARTS, parts, 0, PARTS);
                float weighted = VectorSum.fold(parts);
                float logSum = (float) StrictMath.log(sum);
                stats.floats()[stats.offset() + 2 * row] = max;
                stats.floats()[stats.offset() + 2 * row + 1] = sum;
                logProbs.floats()[logProbs.offset() + row] =
                        logits.floats()[at + targets[row]] * inverseTemperature - max - logSum;
                if (entropy != null) {
                    entropy.floats()[entropy.offset() + row] = logSum - weighted / sum;
                }
            }
        });
    }

    /** max x · factor; NaN if there is one. */
    private static float max(float[] x, int at, int n, float factor) {
        FloatVector m0 = FloatVector.broadcast(Lanes.FLOATS, Float.NEGATIVE_INFINITY);
        FloatVector m1 = m0;
        int i = 0;
        int bound = n - 2 * L;
        for (; i <= bound; i += 2 * L) {
            m0 = m0.max(FloatVector.fromArray(Lanes.FLOATS, x, at + i).mul(factor));
            m1 = m1.max(FloatVector.fromArray(Lanes.FLOATS, x, at + i + L).mul(factor));
        }
        float max = m0.max(m1).reduceLanes(VectorOperators.MAX);
        for (; i < n; i++) {
            max = Math.max(max, x[at + i] * factor);
        }
        return max;
    }

    /** With z = x · factor − max: partial sums of exp z in parts[0 .. 16), of z · exp z in parts[16 .. 32). */
    private static void sums(float[] x, int at, int n, float factor, float max, float[] parts) {
        float[] exponentials = Scratch.current().get(Slot.EXPONENTIALS, VectorExp.CHUNK);
        Arrays.fill(parts, 0, 2 * PARTS, 0f);
        for (int i = 0; i < n; i += VectorExp.CHUNK) {
            int size = Math.min(VectorExp.CHUNK, n - i);
            VectorExp.exp(x, at + i, size, factor, max, exponentials, 0);
            addSums(x, at + i, size, factor, max, exponentials, parts);
        }
    }

    private static void addSums(float[] x, int at, int n, float factor, float max, float[] es, float[] parts) {
        int body = n & -PARTS;
        for (int lane = 0; lane < PARTS; lane += L) {
            FloatVector sum = FloatVector.fromArray(Lanes.FLOATS, parts, lane);
            FloatVector weighted = FloatVector.fromArray(Lanes.FLOATS, parts, PARTS + lane);
            for (int i = lane; i < body; i += PARTS) {
                FloatVector z = FloatVector.fromArray(Lanes.FLOATS, x, at + i)
                        .mul(factor)
                        .sub(max);
                FloatVector e = FloatVector.fromArray(Lanes.FLOATS, es, i);
                sum = sum.add(e);
                weighted = weighted.add(e.mul(z));
            }
            sum.intoArray(parts, lane);
            weighted.intoArray(parts, PARTS + lane);
        }
        for (int i = body; i < n; i++) {
            float z = x[at + i] * factor - max;
            parts[i - body] += es[i];
            parts[PARTS + i - body] += es[i] * z;
        }
    }

    @Override
    public void softmax(Tensor logits, float inverseTemperature, Tensor out) {
        int vocabulary = logits.extent(1);
        Ranges.run(logits.extent(0), COST * vocabulary, (from, to) -> {
            float[] parts = Scratch.current().get(Slot.LANES, VectorSum.PARTS);
            for (int row = from; row < to; row++) {
                int at = logits.offset() + row * vocabulary;
                int outAt = out.offset() + row * vocabulary;
                float max = max(logits.floats(), at, vocabulary, inverseTemperature);
                VectorExp.exp(logits.floats(), at, vocabulary, inverseTemperature, max, out.floats(), outAt);
                float inverse = 1f / VectorSum.sum(out.floats(), outAt, vocabulary, parts);
                VectorElementwise.scale(out.floats(), outAt, inverse, out.floats(), outAt, vocabulary);
            }
        });
    }

    @Override
    public void logProbsBackward(
            Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats) {
        int vocabulary = logits.extent(1);
        Ranges.run(targets.length, COST * vocabulary, (from, to) -> {
            for (int row = from; row < to; row++) {
                int at = logits.offset() + row * vocabulary;
                float max = stats.floats()[stats.offset() + 2 * row];
                float inverse = 1f / stats.floats()[stats.offset() + 2 * row + 1];
                float scaled = dLogProbs.floats()[dLogProbs.offset() + row] * inverseTemperature;
                backwardRow(logits.floats(), at, vocabulary, inverseTemperature, max, inverse, scaled);
                logits.floats()[at + targets[row]] += scaled;
            }
        });
    }

    private static void backwardRow(float[] x, int at, int n, float factor, float max, float inverse, float scaled) {
        VectorExp.exp(x, at, n, factor, max, x, at);
        int i = 0;
        for (; i < Lanes.FLOATS.loopBound(n); i += L) {
            FloatVector e = FloatVector.fromArray(Lanes.FLOATS, x, at + i);
            e.mul(inverse).mul(scaled).neg().intoArray(x, at + i);
        }
        for (; i < n; i++) {
            x[at + i] = -(x[at + i] * inverse * scaled);
        }
    }
}
