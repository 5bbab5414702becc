// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.loop;

import dev.jacobian.rl.learn.LossValue;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Losses that are sums over all targets of all data, with Tinker's names, facts and defaults.
 *
 * <p>lp is the log-probability that a target has now, q the one that it had when it was sampled ({@code logprobs}), A its advantage
 * ({@code advantages}), r = exp(lp − q), w its weight ({@code weights}, 1 where a datum has none). ⌊ ⌋ has no gradient.
 *
 * <table>
 * <caption>Losses</caption>
 * <tr><th>name</th><th>loss</th><th>takes</th></tr>
 * <tr><td>{@code cross_entropy}</td><td>−Σ w lp</td><td></td></tr>
 * <tr><td>{@code importance_sampling}</td><td>−Σ w r A</td><td></td></tr>
 * <tr><td>{@code ppo}</td><td>−Σ w min(r A, clamp(r, lo, hi) A)</td><td>{@code clip_low_threshold} 0.8, {@code clip_high_threshold}
 * 1.2</td></tr>
 * <tr><td>{@code cispo}</td><td>−Σ w ⌊clamp(r, lo, hi)⌋ lp A</td><td>the same, 0 and 4</td></tr>
 * <tr><td>{@code dro}</td><td>−Σ w (lp A − ½ β (lp − q)²)</td><td>{@code beta} 0.05</td></tr>
 * </table>
 *
 * <p>They are sums, not means: divide weights or advantages by a number of tokens for a mean.
 */
public final class LossFunctions {
    private static final String LOW = "clip_low_threshold";
    private static final String HIGH = "clip_high_threshold";
    private static final String BETA = "beta";

    private LossFunctions() {}

    /** A loss of one target. */
    private interface Term {
        /** {value, derivative with respect to lp} */
        double[] at(double lp, double q, double advantage);
    }

    /** −Σ w lp. */
    public static LossFunction crossEntropy() {
        return new LossFunction() {
            @Override
            public LossValue of(Scored batch) {
                float[] weights = batch.fact("weights", 1f); // [N]
                double value = 0;
                double[] slopes = new double[batch.count()]; // [N]
                for (int t = 0; t < slopes.length; t++) {
                    slopes[t] = -weights[t];
                    value -= (double) weights[t] * batch.logProbs()[t];
                }
                return new LossValue(value, slopes);
            }

            @Override
            public boolean isLinear() {
                return true;
            }
        };
    }

    /** −Σ w r A. */
    public static LossFunction importanceSampling() {
        return sum((lp, q, a) -> {
            double r = StrictMath.exp(lp - q);
            return new double[] {-r * a, -r * a};
        });
    }

    /** −Σ w min(r A, clamp(r, low, high) A). */
    public static LossFunction ppo(double low, double high) {
        requireBounds(low, high);
        return sum((lp, q, a) -> {
            double r = StrictMath.exp(lp - q);
            double clipped = Math.clamp(r, low, high) * a;
            return r * a <= clipped ? new double[] {-r * a, -r * a} : new double[] {-clipped, 0};
        });
    }

    /** −Σ w ⌊clamp(r, low, high)⌋ lp A. */
    public static LossFunction cispo(double low, double high) {
        requireBounds(low, high);
        return sum((lp, q, a) -> {
            double factor = Math.clamp(StrictMath.exp(lp - q), low, high) * a;
            return new double[] {-factor * lp, -factor};
        });
    }

    /** −Σ w (lp A − ½ β (lp − q)²). */
    public static LossFunction dro(double beta) {
        if (!(beta >= 0 && beta < Double.POSITIVE_INFINITY)) {
            throw new IllegalArgumentException("beta must be 0 or more, got " + beta);
        }
        return sum((lp, q, a) -> new double[] {-(lp * a - 0.5 * beta * (lp - q) * (lp - q)), -(a - beta * (lp - q))});
    }

    /**
     * The loss of a name.
     *
     * @param settings what it takes, by name; empty for the defaults
     * @throws IllegalArgumentException if there is no such loss, or it does not take a setting
     */
    public static LossFunction named(String name, Map<String, Double> settings) {
        return switch (name) {
            case "cross_entropy" -> taking(settings, Set.of(), name, crossEntropy());
            case "importance_sampling" -> taking(settings, Set.of(), name, importanceSampling());
            case "ppo" ->
                taking(
                        settings,
                        Set.of(LOW, HIGH),
                        name,
                        ppo(settings.getOrDefault(LOW, 0.8), settings.getOrDefault(HIGH, 1.2)));
            case "cispo" ->
                taking(
                        settings,
                        Set.of(LOW, HIGH),
                        name,
                        cispo(settings.getOrDefault(LOW, 0.0), settings.getOrDefault(HIGH, 4.0)));
            case "dro" -> taking(settings, Set.of(BETA), name, dro(settings.getOrDefault(BETA, 0.05)));
            default ->
                throw new IllegalArgumentException("unknown loss '" + name
                        + "'; use cross_entropy, importance_sampling, ppo, cispo or dro, or one of your own");
        };
    }

    private static LossFunction taking(
            Map<String, Double> settings, Set<String> known, String name, LossFunction loss) {
        for (String setting : new TreeSet<>(settings.keySet())) {
            if (!known.contains(setting)) {
                throw new IllegalArgumentException("the loss " + name + " takes no '" + setting + "'"
                        + (known.isEmpty() ? "" : "; it takes " + new TreeSet<>(known)));
            }
        }
        return loss;
    }

    private static void requireBounds(double low, double high) {
        if (!(low >= 0 && low <= high)) {
            throw new IllegalArgumentException(
                    "bounds of the ratio must be 0 <= low <= high, got " + low + ", " + high);
        }
    }

    private static LossFunction sum(Term term) {
        return batch -> {
            float[] weights = batch.fact("weights", 1f); // [N]
            float[] sampled = batch.fact("logprobs"); // [N]
            float[] advantages = batch.fact("advantages"); // [N]
            double value = 0;
            double[] slopes = new double[batch.count()]; // [N]
            for (int t = 0; t < slopes.length; t++) {
                double[] one = term.at(batch.logProbs()[t], sampled[t], advantages[t]);
                value += weights[t] * one[0];
                slopes[t] = weights[t] * one[1];
            }
            return new LossValue(value, slopes);
        };
    }
}
