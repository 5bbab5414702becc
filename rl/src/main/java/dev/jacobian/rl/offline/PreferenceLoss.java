// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.offline.Sigmoids.logSigmoid;
import static dev.jacobian.rl.offline.Sigmoids.sigmoid;
import static dev.jacobian.rl.offline.Sigmoids.slope;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Losses of a pair's scores: c of what was chosen, r of what was rejected, both log-ratios to the reference (or what an {@link FDivergence}
 * makes of them); h = c − r, x = βh, ε is {@code label_smoothing}.
 */
public enum PreferenceLoss {
    /** −log σ(x): DPO (Rafailov et al., arXiv 2305.18290). TRL has no label smoothing here, and neither is there any. */
    SIGMOID((c, r, s) -> ofMargin(-logSigmoid(s.beta() * (c - r)), -s.beta() * sigmoid(-s.beta() * (c - r)))),
    /** The same of scores per token. */
    SIGMOID_NORM(SIGMOID.form),
    /** max(0, 1 − x): SLiC (Zhao et al., arXiv 2305.10425). */
    HINGE((c, r, s) -> {
        double left = 1 - s.beta() * (c - r);
        return ofMargin(Math.max(0, left), left > 0 ? -s.beta() : 0);
    }),
    /** (h − 1/2β)² of scores per token: IPO (Azar et al., arXiv 2310.12036). */
    IPO((c, r, s) -> {
        double off = c - r - 1 / (2 * s.beta());
        return ofMargin(off * off, 2 * off);
    }),
    /** KL(σ(x), σ(−x) ‖ 1 − ε, ε): EXO (Ji et al., arXiv 2402.00856). */
    EXO_PAIR((c, r, s) -> {
        double x = s.beta() * (c - r);
        double won = logSigmoid(x) - StrictMath.log1p(-s.losses().labelSmoothing());
        double lost = logSigmoid(-x) - StrictMath.log(s.losses().labelSmoothing());
        return ofMargin(sigmoid(x) * won + sigmoid(-x) * lost, s.beta() * slope(x) * (won - lost));
    }),
    /** −log σ(βc) − ½ log σ(−βc) − ½ log σ(−βr): NCA (Chen et al., arXiv 2402.05369). */
    NCA_PAIR((c, r, s) -> {
        double b = s.beta();
        double value = -logSigmoid(b * c) - 0.5 * logSigmoid(-b * c) - 0.5 * logSigmoid(-b * r);
        return new Point(value, b * (0.5 * sigmoid(b * c) - sigmoid(-b * c)), 0.5 * b * sigmoid(b * r));
    }),
    /** (−(1 − ε) log σ(x) + ε log σ(−x)) / (1 − 2ε): robust to flipped labels (Chowdhury et al., arXiv 2403.00409). */
    ROBUST((c, r, s) -> {
        double x = s.beta() * (c - r);
        double e = s.losses().labelSmoothing();
        double value = (-(1 - e) * logSigmoid(x) + e * logSigmoid(-x)) / (1 - 2 * e);
        return ofMargin(value, s.beta() * (-(1 - e) * sigmoid(-x) - e * sigmoid(x)) / (1 - 2 * e));
    }),
    /** −log σ(βc) − log σ(−βr): BCO of pairs (Jung et al., arXiv 2404.04656), without its running shift. */
    BCO_PAIR((c, r, s) -> {
        double b = s.beta();
        return new Point(-logSigmoid(b * c) - logSigmoid(-b * r), -b * sigmoid(-b * c), b * sigmoid(b * r));
    }),
    /** (c − 1/2β)² + (r + 1/2β)²: SPPO with hard labels (Wu et al., arXiv 2405.00675). */
    SPPO_HARD((c, r, s) -> {
        double won = c - 0.5 / s.beta();
        double lost = r + 0.5 / s.beta();
        return new Point(won * won + lost * lost, 2 * won, 2 * lost);
    }),
    /** SIGMOID of margins paired by rank, policy's with reference's: AOT (Melnyk et al., arXiv 2406.05882). */
    AOT(SIGMOID.form),
    /** SIGMOID of scores paired by rank, chosen with rejected: AOT for data that is not paired. */
    AOT_UNPAIRED(SIGMOID.form),
    /** 1 − σ(βc) + σ(βr): APO for outputs better than the model's (D'Oosterlinck et al., arXiv 2408.06266). */
    APO_ZERO((c, r, s) -> {
        double b = s.beta();
        return new Point(1 - sigmoid(b * c) + sigmoid(b * r), -b * slope(b * c), b * slope(b * r));
    }),
    /** σ(βc) + 1 − σ(x): APO for outputs worse than the model's. */
    APO_DOWN((c, r, s) -> {
        double b = s.beta();
        double pull = b * slope(b * (c - r));
        return new Point(sigmoid(b * c) + 1 - sigmoid(b * (c - r)), b * slope(b * c) - pull, pull);
    }),
    /** Between −log σ(x) and e⁻ˣ by σ(x/τ): DiscoPOP (Lu et al., arXiv 2406.08414). */
    DISCOPOP((c, r, s) -> {
        double x = s.beta() * (c - r);
        double m = sigmoid(x / s.losses().discopopTau());
        double rise = slope(x / s.losses().discopopTau()) / s.losses().discopopTau();
        double e = StrictMath.exp(-x);
        double value = -logSigmoid(x) * (1 - m) + e * m;
        return ofMargin(value, s.beta() * (-sigmoid(-x) * (1 - m) + logSigmoid(x) * rise - e * m + e * rise));
    }),
    /** The cross-entropy of what was chosen; not of scores. */
    SFT((c, r, s) -> {
        throw new IllegalStateException("sft is no loss of scores");
    });

    /** A loss and its derivatives with respect to both scores. */
    record Point(double value, double chosen, double rejected) {
        Point scaled(double factor) {
            return new Point(factor * value, factor * chosen, factor * rejected);
        }
    }

    /** The closed form. */
    interface Form {
        Point at(double chosen, double rejected, Dpo settings);
    }

    private final Form form;

    PreferenceLoss(Form form) {
        this.form = form;
    }

    /** A function of h alone. */
    private static Point ofMargin(double value, double slope) {
        return new Point(value, slope, -slope);
    }

    /** Whether scores are divided by their completions' tokens first. */
    boolean isPerToken() {
        return this == IPO || this == SIGMOID_NORM;
    }

    /** Whether label smoothing changes the loss; as in TRL it leaves sigmoid alone. */
    boolean smooths() {
        return this == ROBUST || this == EXO_PAIR || ranksPairs();
    }

    /** Whether pairs are taken apart and put together again by rank. */
    boolean ranksPairs() {
        return this == AOT || this == AOT_UNPAIRED;
    }

    /** Whether the loss has no gradient, or none that is finite, without label smoothing. */
    boolean needsSmoothing() {
        return this == EXO_PAIR;
    }

    Point at(double chosen, double rejected, Dpo settings) {
        if (!ranksPairs()) {
            return form.at(chosen, rejected, settings);
        }
        double e = settings.losses().labelSmoothing();
        Point kept = form.at(chosen, rejected, settings).scaled(1 - e);
        Point flipped = form.at(rejected, chosen, settings).scaled(e);
        return new Point(kept.value + flipped.value, kept.chosen + flipped.rejected, kept.rejected + flipped.chosen);
    }

    /**
     * The loss of a name.
     *
     * @throws IllegalArgumentException if there is none
     */
    static PreferenceLoss find(String name) {
        return Arrays.stream(values())
                .filter(loss -> loss.name().toLowerCase(Locale.ROOT).equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("loss_type '" + name + "' is unknown; use " + names()));
    }

    /** All names. */
    static String names() {
        return Arrays.stream(values())
                .map(loss -> loss.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
    }
}
