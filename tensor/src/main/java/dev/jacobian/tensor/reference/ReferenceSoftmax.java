// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.reference;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.SoftmaxKernels;
import dev.jacobian.tensor.Tensor;

/** Log-probabilities, entropy and the gradient over rows of logits. */
final class ReferenceSoftmax implements SoftmaxKernels {
    @Override
    public void logProbs(
            Tensor logits,
            float inverseTemperature,
            int[] targets,
            Tensor logProbs,
            @Nullable Tensor entropy,
            Tensor stats) {
        int vocabulary = logits.extent(1);
        float[] e = new float[vocabulary];
        float[] weighted = new float[vocabulary];
        for (int row = 0; row < targets.length; row++) {
            int from = logits.offset() + row * vocabulary;
            float max = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < vocabulary; i++) {
                max = Math.max(max, logits.floats()[from + i] * inverseTemperature);
            }
            for (int i = 0; i < vocabulary; i++) {
                float z = logits.floats()[from + i] * inverseTemperature - max;
                e[i] = Exp.exp(z);
                weighted[i] = e[i] * z;
            }
            float sum = FixedSum.sum(e, 0, vocabulary);
            float logSum = (float) StrictMath.log(sum);
            stats.floats()[stats.offset() + 2 * row] = max;
            stats.floats()[stats.offset() + 2 * row + 1] = sum;
            logProbs.floats()[logProbs.offset() + row] =
                    logits.floats()[from + targets[row]] * inverseTemperature - max - logSum;
            if (entropy != null) {
                entropy.floats()[entropy.offset() + row] = logSum - FixedSum.sum(weighted, 0, vocabulary) / sum;
            }
        }
    }

    @Override
    public void logProbsBackward(
            Tensor logits, float inverseTemperature, int[] targets, Tensor dLogProbs, Tensor stats) {
        int vocabulary = logits.extent(1);
        for (int row = 0; row < targets.length; row++) {
            int from = logits.offset() + row * vocabulary;
            float max = stats.floats()[stats.offset() + 2 * row];
            float inverse = 1f / stats.floats()[stats.offset() + 2 * row + 1];
            float scaled = dLogProbs.floats()[dLogProbs.offset() + row] * inverseTemperature;
            for (int i = 0; i < vocabulary; i++) {
                float p = Exp.exp(logits.floats()[from + i] * inverseTemperature - max) * inverse;
                logits.floats()[from + i] = -(p * scaled);
            }
            logits.floats()[from + targets[row]] += scaled;
        }
    }

    @Override
    public void softmax(Tensor logits, float inverseTemperature, Tensor out) {
        int vocabulary = logits.extent(1);
        float[] e = new float[vocabulary];
        for (int row = 0; row < logits.extent(0); row++) {
            int from = logits.offset() + row * vocabulary;
            float max = Float.NEGATIVE_INFINITY;
            for (int i = 0; i < vocabulary; i++) {
                max = Math.max(max, logits.floats()[from + i] * inverseTemperature);
            }
            for (int i = 0; i < vocabulary; i++) {
                e[i] = Exp.exp(logits.floats()[from + i] * inverseTemperature - max);
            }
            float inverse = 1f / FixedSum.sum(e, 0, vocabulary);
            for (int i = 0; i < vocabulary; i++) {
                out.floats()[out.offset() + row * vocabulary + i] = e[i] * inverse;
            }
        }
    }
}
