// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * (x − mean) / √(var + 1e-8) over all counted tokens of a batch, with the Bessel-corrected variance: how PPO and REINFORCE++ scale
 * their advantages.
 */
public final class Whitening {
    private static final double EPSILON = 1e-8;

    private Whitening() {}

    /**
     * The whitened values. Fewer than two tokens have no variance: they are only moved.
     *
     * @param values [S][counted tokens of the sample]
     * @param shift whether the mean goes; otherwise it is added again after scaling
     * @return arrays of the same lengths
     */
    public static double[][] of(double[][] values, boolean shift) {
        long count = 0;
        double first = 0; // sums of differences from it: equal values have exactly that mean
        double sum = 0;
        for (double[] row : values) {
            for (double value : row) {
                first = count == 0 ? value : first;
                sum += value - first;
                count++;
            }
        }
        double mean = count == 0 ? 0 : first + sum / count;
        double squares = 0;
        for (double[] row : values) {
            for (double value : row) {
                squares += (value - mean) * (value - mean);
            }
        }
        double scale = count < 2 ? 1 : 1 / Math.sqrt(squares / (count - 1) + EPSILON);
        double[][] whitened = new double[values.length][];
        for (int s = 0; s < values.length; s++) {
            whitened[s] = new double[values[s].length];
            for (int t = 0; t < values[s].length; t++) {
                whitened[s][t] = (values[s][t] - mean) * scale + (shift ? 0 : mean);
            }
        }
        return whitened;
    }
}
