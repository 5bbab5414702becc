// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import dev.jacobian.tensor.Rng;
import java.util.Arrays;

/**
 * How confidence intervals are made. Samples of one problem resemble each other, so problems are what is drawn at random, and everything is
 * clustered by problem.
 *
 * <pre>
 * SE²   = 1/(P (P − 1)) Σ_p ((s_p − R n_p) / n̄)²              of a ratio R = Σ s_p / Σ n_p over P problems; n_p = 1 for a mean
 * share : Wilson's score interval with n = R (1 − R) / SE², at least P and at most the number of samples
 * other : R ± z SE
 * </pre>
 *
 * <p>Of one sample each a share's interval is Wilson's own, which stays in [0, 1] and is no point where nothing or everything was solved, as the
 * normal interval is. {@link Method#BOOTSTRAP} draws problems with replacement instead and takes percentiles.
 *
 * @param level how often such an interval contains the truth, in (0, 1)
 * @param method how
 * @param resamples of the bootstrap
 * @param seed of the bootstrap
 */
public record Confidence(double level, Method method, int resamples, long seed) {
    /** Ways to make an interval. */
    public enum Method {
        /** In closed form, from the deviation between problems. */
        CLUSTERED,
        /** Percentiles of the estimate over resampled problems. */
        BOOTSTRAP
    }

    /** 95 %, in closed form. */
    public static final Confidence DEFAULT = new Confidence(0.95, Method.CLUSTERED, 2000, 0);

    public Confidence {
        if (!(level > 0 && level < 1)) {
            throw new IllegalArgumentException("the confidence level must lie between 0 and 1, got " + level);
        }
        if (resamples < 1) {
            throw new IllegalArgumentException("the bootstrap needs at least 1 resample, got " + resamples);
        }
    }

    /**
     * A mean over problems.
     *
     * @param values [P]
     */
    public Estimate mean(double... values) {
        return ratio(values, ones(values.length));
    }

    /**
     * A mean of shares over problems, such as that of solved samples.
     *
     * @param sums [P] of each problem, such as its solved samples
     * @param counts [P] what they are of
     */
    public Estimate share(double[] sums, double[] counts) {
        Estimate plain = ratio(sums, counts);
        return method == Method.BOOTSTRAP ? plain : wilson(plain, sums.length, sum(counts));
    }

    /** The same of shares that are each of one thing. */
    public Estimate share(double... values) {
        return share(values, ones(values.length));
    }

    /**
     * A quotient of sums over problems, such as entropy per token.
     *
     * @param sums [P]
     * @param counts [P]
     */
    public Estimate ratio(double[] sums, double[] counts) {
        int problems = sums.length;
        double count = sum(counts);
        double value = sum(sums) / count;
        double squares = 0;
        for (int p = 0; p < problems; p++) {
            double off = (sums[p] - value * counts[p]) / (count / problems);
            squares += off * off;
        }
        double error = problems < 2 ? Double.NaN : Math.sqrt(squares / problems / (problems - 1));
        return switch (method) {
            case CLUSTERED -> new Estimate(value, error, value - z() * error, value + z() * error);
            case BOOTSTRAP -> bootstrap(value, error, sums, counts);
        };
    }

    /** The standard normal's quantile of this level, both sides: 1.96 for 95 %. */
    double z() {
        return NormalQuantile.of(Math.min(1 - 1e-12, (1 + level) / 2));
    }

    private Estimate wilson(Estimate plain, int problems, double samples) {
        double p = plain.value();
        double variance = p * (1 - p);
        double error = plain.standardError();
        double independent = variance == 0 || Double.isNaN(error) // no deviation to be seen: problems count once
                ? problems
                : Math.clamp(variance / (error * error), problems, Math.max(problems, samples));
        double z = z();
        double each = z * z / independent;
        double center = (p + each / 2) / (1 + each);
        double half = z / (1 + each) * Math.sqrt((variance + each / 4) / independent);
        return new Estimate(
                p,
                error,
                p == 0 ? 0 : Math.max(0, center - half), // exactly, where rounding would miss it
                p == 1 ? 1 : Math.min(1, center + half));
    }

    private Estimate bootstrap(double value, double error, double[] sums, double[] counts) {
        int problems = sums.length;
        double[] estimates = new double[resamples];
        for (int r = 0; r < resamples; r++) {
            Rng rng = new Rng(seed, r);
            double sum = 0;
            double count = 0;
            for (int draw = 0; draw < problems; draw++) {
                int p = rng.nextInt(problems);
                sum += sums[p];
                count += counts[p];
            }
            estimates[r] = sum / count;
        }
        Arrays.sort(estimates);
        return new Estimate(
                value, error, percentile(estimates, (1 - level) / 2), percentile(estimates, (1 + level) / 2));
    }

    /** Between the two nearest, as most programs do. */
    private static double percentile(double[] sorted, double share) {
        double at = share * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(sorted.length - 1, below + 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }

    private static double[] ones(int count) {
        double[] ones = new double[count];
        Arrays.fill(ones, 1);
        return ones;
    }

    private static double sum(double[] values) {
        double sum = 0;
        for (double value : values) {
            sum += value;
        }
        return sum;
    }
}
