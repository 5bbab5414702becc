// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import java.util.List;
import java.util.stream.Stream;

/** Losses of a margin h between chosen and rejected without a reference; x = βh, ε is {@code label_smoothing}. */
public enum MarginLoss {
    /** −(1 − ε) log σ(x) − ε log σ(−x): CPO. */
    SIGMOID,
    /** max(0, 1 − x): SLiC. */
    HINGE,
    /** (h − 1/2β)², of log-probabilities per token: IPO. */
    IPO,
    /** SIGMOID of log-probabilities per token, less a margin: SimPO. */
    SIMPO;

    /** A loss and its derivative with respect to h. */
    record Point(double value, double slope) {}

    /** Whether log-probabilities are divided by their completions' tokens first. */
    boolean isPerToken() {
        return this == IPO || this == SIMPO;
    }

    /** Whether label smoothing changes the loss. */
    boolean smooths() {
        return this == SIGMOID || this == SIMPO;
    }

    /** What was set and does nothing. */
    List<String> remarks(boolean setSmoothing, boolean setMargin) {
        return Stream.of(
                        !setSmoothing || smooths() ? "" : "label_smoothing does nothing: sigmoid and simpo have it",
                        !setMargin || this == SIMPO
                                ? ""
                                : "simpo_gamma does nothing: only loss_type=simpo has a margin")
                .filter(remark -> !remark.isEmpty())
                .toList();
    }

    Point at(double h, double beta, double smoothing) {
        double x = beta * h;
        double off = h - 1 / (2 * beta);
        return switch (this) {
            case SIGMOID, SIMPO ->
                new Point(
                        -(1 - smoothing) * Sigmoids.logSigmoid(x) - smoothing * Sigmoids.logSigmoid(-x),
                        beta * (-(1 - smoothing) * Sigmoids.sigmoid(-x) + smoothing * Sigmoids.sigmoid(x)));
            case HINGE -> new Point(Math.max(0, 1 - x), x < 1 ? -beta : 0);
            case IPO -> new Point(off * off, 2 * off);
        };
    }
}
