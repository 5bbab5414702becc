// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.scaling;

import dev.jacobian.rl.evaluation.Estimate;
import dev.jacobian.rl.evaluation.Evaluation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What more samples of a problem gain, from one evaluation with as many as the dearest point needs: the most frequent answer (maj@k), the one that a
 * reward model likes best (best@k), and as the bound of both that any is right (pass@k). k samples cost k times the mean length.
 */
public final class SampleCurves {
    private SampleCurves() {}

    /** The powers of two up to a number of samples, and that number. */
    public static List<Integer> powers(int samples) {
        List<Integer> ks = new ArrayList<>();
        for (int k = 1; k < samples; k *= 2) {
            ks.add(k);
        }
        ks.add(samples);
        return ks;
    }

    /** The curves that an evaluation holds; best@k only if somebody chose. */
    public static List<ScalingCurve> of(Evaluation evaluation) {
        List<ScalingCurve> curves = new ArrayList<>();
        curve(evaluation, "maj@k", "the most frequent answer of k samples").ifPresent(curves::add);
        curve(evaluation, "best@k", "the sample of k that a reward model likes best")
                .ifPresent(curves::add);
        curve(evaluation, "pass@k", "any of k samples: what a perfect judge would find")
                .ifPresent(curves::add);
        return curves;
    }

    private static Optional<ScalingCurve> curve(Evaluation evaluation, String name, String about) {
        Map<String, Estimate> metrics = evaluation.metrics();
        double length = value(metrics, "mean_length");
        List<ScalingPoint> points = new ArrayList<>();
        for (int k : evaluation.config().ks()) {
            Estimate accuracy = metrics.get(name.replace("k", Integer.toString(k)));
            if (accuracy == null && k == 1 && name.equals("maj@k")) {
                accuracy = metrics.get("pass@1"); // a single vote
            }
            if (accuracy != null) {
                points.add(new ScalingPoint("k = " + k, k, k * length, accuracy));
            }
        }
        boolean ofMany = points.stream().anyMatch(point -> point.samples() > 1);
        return ofMany ? Optional.of(new ScalingCurve(name, about, points)) : Optional.empty();
    }

    private static double value(Map<String, Estimate> metrics, String name) {
        Estimate estimate = metrics.get(name);
        return estimate == null ? Double.NaN : estimate.value();
    }
}
