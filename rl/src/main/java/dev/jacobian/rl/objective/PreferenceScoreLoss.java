// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

/**
 * Losses of a preference model by the score s that it gives one completion over another: a difference of rewards (Bradley and Terry), or
 * a product that may go in circles (general preferences, arXiv 2410.02197).
 *
 * <pre>
 * −log σ((s − m) / τ)                     dL/ds = −σ(−(s − m) / τ) / τ
 * ½ (s / τ − target)²                     dL/ds = (s / τ − target) / τ
 * </pre>
 *
 * @param temperature τ; 0.1 for general preferences
 */
public record PreferenceScoreLoss(double temperature) {
    public PreferenceScoreLoss {
        if (!(temperature > 0) || Double.isInfinite(temperature)) {
            throw new IllegalArgumentException(
                    "the temperature of scores must be positive and finite, got " + temperature);
        }
    }

    /** With τ = log(1 + e^θ), which a θ that is learned cannot make negative. */
    public static PreferenceScoreLoss softplus(double theta) {
        return new PreferenceScoreLoss(Math.max(theta, 0) + StrictMath.log1p(StrictMath.exp(-Math.abs(theta))));
    }

    /**
     * A pair's loss.
     *
     * @param loss to be minimised
     * @param byScore dloss/ds
     * @param byTemperature dloss/dτ
     */
    public record Point(double loss, double byScore, double byTemperature) {}

    /**
     * The negative log-likelihood of the preference.
     *
     * @param score s of what was chosen over what was rejected
     * @param margin m by which it should win at least
     */
    public Point logistic(double score, double margin) {
        double x = (score - margin) / temperature;
        double e = StrictMath.exp(-Math.abs(x));
        double lost = x >= 0 ? e / (1 + e) : 1 / (1 + e); // σ(−x)
        return new Point(Math.max(-x, 0) + StrictMath.log1p(e), -lost / temperature, lost * x / temperature);
    }

    /** The squared distance to a target, of scores already divided by the temperature. */
    public Point regression(double score, double target) {
        double off = score / temperature - target;
        return new Point(off * off / 2, off / temperature, -off * score / (temperature * temperature));
    }

    /**
     * The derivative of the score of two embeddings ({@code PreferenceFunction.score}) with respect to the first, which is the second
     * turned by a quarter in each pair of coordinates; that with respect to the second is the first, turned and negated.
     *
     * @param other [2m]
     * @return [2m]
     */
    public static double[] turned(double[] other) {
        double[] turned = new double[other.length];
        for (int k = 0; k < other.length; k += 2) {
            turned[k] = other[k + 1];
            turned[k + 1] = -other[k];
        }
        return turned;
    }
}
