// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

/**
 * A loss at some log-probabilities.
 *
 * @param value of the loss
 * @param derivatives its derivative with respect to each of them
 */
public record LossValue(double value, double[] derivatives) {
    /** The derivatives of some in a row, as kernels take them. */
    float[] part(int from, int count) {
        float[] part = new float[count];
        for (int i = 0; i < count; i++) {
            part[i] = (float) derivatives[from + i];
        }
        return part;
    }
}
