// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import dev.jacobian.rl.evaluation.Estimate;
import java.util.Locale;

/** Numbers as the page and the table write them. */
final class Figures {
    private Figures() {}

    /** Three digits or so. */
    static String number(double value) {
        double size = Math.abs(value);
        String format = !Double.isFinite(value)
                ? "–"
                : size == 0 ? "0" : size >= 100 ? "%.0f" : size >= 10 ? "%.1f" : size >= 1e-3 ? "%.3f" : "%.1e";
        return String.format(Locale.ROOT, format, value).replace('-', '−');
    }

    /** With its interval. */
    static String spread(Estimate estimate) {
        return Double.isNaN(estimate.low())
                ? number(estimate.value())
                : number(estimate.value()) + " [" + number(estimate.low()) + ", " + number(estimate.high()) + "]";
    }

    /** A time of some kind. */
    static String minutes(double seconds) {
        return seconds < 60
                ? String.format(Locale.ROOT, "%.0f s", seconds)
                : String.format(Locale.ROOT, "%.1f min", seconds / 60);
    }
}
