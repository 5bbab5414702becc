// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

import dev.jacobian.tensor.Rng;

/**
 * What differs from sample to sample, tokens or seconds: log-normal, cut at a limit as completions are.
 *
 * @param mean before the cut
 * @param spread standard deviation of the logarithm; 0 for always the same
 * @param most nothing is greater
 */
public record Amount(double mean, double spread, double most) {
    private static final int GRID = 2048;
    private static final double WIDEST = 4;

    public Amount {
        LoopModel.require(mean >= 0 && Double.isFinite(mean), "a mean must be 0 or more, found " + mean);
        LoopModel.require(
                spread >= 0 && spread <= WIDEST, "a spread must lie between 0 and " + WIDEST + ", found " + spread);
        LoopModel.require(most >= 0, "the most must be 0 or more, found " + most);
    }

    /** Always the same. */
    public static Amount constant(double value) {
        return new Amount(value, 0, Double.POSITIVE_INFINITY);
    }

    /** What is drawn for a sample: a function of the three alone. */
    double draw(long seed, int step, int sample) {
        if (spread == 0) {
            return Math.min(mean, most);
        }
        return at(new Rng(seed, (long) step << Integer.SIZE | sample).nextGaussian());
    }

    private double at(double normal) {
        return Math.min(most, mean * StrictMath.exp(spread * normal - 0.5 * spread * spread));
    }

    /** The mean of what is drawn, behind the cut. */
    public double drawnMean() {
        if (spread == 0) {
            return Math.min(mean, most);
        }
        double sum = 0;
        double weights = 0;
        for (int i = 0; i <= GRID; i++) {
            double normal = -8 + 16.0 * i / GRID;
            double weight = StrictMath.exp(-0.5 * normal * normal);
            sum += weight * at(normal);
            weights += weight;
        }
        return sum / weights;
    }

    /** The part of all that is cut. */
    double cutShare() {
        if (spread == 0) {
            return mean > most ? 1 : 0;
        }
        double cut = 0;
        double weights = 0;
        for (int i = 0; i <= GRID; i++) {
            double normal = -8 + 16.0 * i / GRID;
            double weight = StrictMath.exp(-0.5 * normal * normal);
            cut += at(normal) >= most ? weight : 0;
            weights += weight;
        }
        return cut / weights;
    }

    /**
     * The amounts with a given mean behind the cut, of which a given part is cut.
     *
     * @param drawn the mean that was measured
     * @param cut the part that reached the limit, in [0, 1)
     * @param most the limit
     */
    public static Amount fitted(double drawn, double cut, double most) {
        LoopModel.require(
                drawn > 0 && drawn <= most && cut >= 0 && cut < 1,
                "a mean of " + drawn + " with " + cut + " of all at the limit of " + most + " cannot be");
        double low = 0; // more spread at the same mean is more cut
        double high = WIDEST;
        for (int i = 0; i < 40; i++) {
            double middle = 0.5 * (low + high);
            if (withMean(drawn, middle, most).cutShare() < cut) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return withMean(drawn, low, most);
    }

    /** The amounts whose mean behind the cut is given. */
    public static Amount withMean(double drawn, double spread, double most) {
        double low = drawn;
        double high = drawn;
        for (int i = 0; i < 60 && new Amount(high, spread, most).drawnMean() < drawn * (1 - 1e-9); i++) {
            high *= 2;
        }
        for (int i = 0; i < 40; i++) {
            double middle = 0.5 * (low + high);
            if (new Amount(middle, spread, most).drawnMean() < drawn) {
                low = middle;
            } else {
                high = middle;
            }
        }
        return new Amount(0.5 * (low + high), spread, most);
    }
}
