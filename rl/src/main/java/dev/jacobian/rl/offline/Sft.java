// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.transformer.TokenScores;
import java.util.OptionalDouble;

/**
 * Supervised fine-tuning: the likelihood of demonstrations.
 *
 * <pre>
 * nll:  loss = −1/N Σ_t log π(y_t)                N tokens that are learned in the whole optimizer step
 * dft:  loss = −1/N Σ_t ⌊π(y_t)⌋ log π(y_t)       ⌊ ⌋ without gradient (Wu et al., arXiv 2508.05629): rare tokens pull less
 * </pre>
 */
public record Sft(
        @Setting(value = "nll", doc = "nll, chunked_nll (the same here, where logits never exist whole) or dft")
        SftLoss lossType,

        DemonstrationRows rows)
        implements DemonstrationMethod {
    /** All of a completion, nothing packed. */
    public static final Sft DEFAULT = ConfigTree.defaults(Sft.class);

    @Override
    public String paper() {
        return "supervised fine-tuning; dft: Wu et al., arXiv 2508.05629";
    }

    @Override
    public OptionalDouble constantDerivative(Window window) {
        return lossType == SftLoss.DFT ? OptionalDouble.empty() : OptionalDouble.of(-1.0 / (double) window.units());
    }

    @Override
    public Loss loss(Batch<Demonstration> batch) {
        TokenScores tokens = batch.policy().tokens();
        Loss loss = Loss.of(batch.policy());
        for (int t = 0; t < tokens.logProbs().length; t++) {
            double log = tokens.logProbs()[t];
            double weight = lossType.weight(log) / (double) batch.window().units();
            loss.add(-weight * log);
            loss.slope(t, -weight);
            batch.meter().add("entropy", tokens.entropy()[t], 1);
            batch.meter().add("mean_token_accuracy", tokens.isBest(t) ? 1 : 0, 1);
        }
        return loss;
    }
}
