// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.config.Spelled;
import java.util.List;

/**
 * The divergence by which the policy is held to the reference: what it makes of a log-ratio r is the implicit reward (f-DPO, Wang et al.,
 * arXiv 2309.16240).
 */
public enum FDivergence implements Spelled {
    /** r. */
    REVERSE_KL("reverse_kl"),
    /** 1 − e⁻ʳ. */
    FORWARD_KL("forward_kl"),
    /** log 2 + log σ(r). */
    JS_DIVERGENCE("js_divergence"),
    /** (e^{(α−1)r} − 1) / (α − 1). */
    ALPHA_DIVERGENCE("alpha_divergence");

    private final String spelling;

    FDivergence(String spelling) {
        this.spelling = spelling;
    }

    double score(double r, double alpha) {
        return switch (this) {
            case REVERSE_KL -> r;
            case FORWARD_KL -> 1 - StrictMath.exp(-r);
            case JS_DIVERGENCE -> StrictMath.log(2) + Sigmoids.logSigmoid(r);
            case ALPHA_DIVERGENCE -> StrictMath.expm1((alpha - 1) * r) / (alpha - 1);
        };
    }

    double slope(double r, double alpha) {
        return switch (this) {
            case REVERSE_KL -> 1;
            case FORWARD_KL -> StrictMath.exp(-r);
            case JS_DIVERGENCE -> Sigmoids.sigmoid(-r);
            case ALPHA_DIVERGENCE -> StrictMath.exp((alpha - 1) * r);
        };
    }

    @Override
    public List<String> spellings() {
        return List.of(spelling);
    }
}
