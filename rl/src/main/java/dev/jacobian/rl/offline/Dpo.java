// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Names;
import dev.jacobian.rl.config.Numbers;
import dev.jacobian.rl.config.Setting;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Direct preference optimization (Rafailov et al., arXiv 2305.18290) and the family of losses that has grown around it.
 *
 * <pre>
 * c, r = f(log π(y) − log π_ref(y))      of what was chosen and what was rejected; f of the divergence, the identity by default
 * loss = mean over pairs of Σ_k w_k L_k(c, r)
 * </pre>
 *
 * <p>With {@code ld_alpha} tokens behind the length of the shorter completion weigh less in log π and log π_ref (LD-DPO, arXiv
 * 2409.06411). With {@code use_weighting} a pair's loss is weighted by how likely the policy is to say both (WPO, arXiv 2406.11827).
 */
public record Dpo(
        @Setting(value = "0.1", doc = "how strongly the policy is held to the reference")
        double beta,

        @Setting(value = "sigmoid", doc = "one loss or several, whose sum is learned: sigmoid, hinge, ipo …")
        Names lossType,

        @Setting(value = "null", doc = "factors of several losses; null for 1 each")
        Numbers lossWeights,

        @Setting(value = "0.0", doc = "chance that a label is wrong; for robust, exo_pair, aot and aot_unpaired")
        double labelSmoothing,

        @Setting(value = "reverse_kl", doc = "divergence from the reference")
        FDivergence fDivergenceType,

        @Setting(value = "0.5", doc = "alpha of alpha_divergence")
        double fAlphaDivergenceCoef,

        @Setting(value = "null", doc = "weight of tokens behind the shorter completion's length; null for 1")
        OptionalDouble ldAlpha,

        @Setting(value = "false", doc = "weigh pairs by the policy's probability of both")
        boolean useWeighting,

        @Setting(value = "0.05", doc = "temperature of discopop")
        double discopopTau,

        ReferenceConfig referenceConfig)
        implements PreferenceMethod {
    /** DPO as the paper has it. */
    public static final Dpo DEFAULT = ConfigTree.defaults(Dpo.class);

    public Dpo {
        requirePositive("beta", beta);
        requirePositive("discopop_tau", discopopTau);
        require(!lossType.values().isEmpty(), "loss_type names no loss; use " + PreferenceLoss.names());
        for (String name : lossType.values()) {
            require(
                    PreferenceLoss.find(name).isPresent(),
                    "loss_type '" + name + "' is unknown; use " + PreferenceLoss.names());
            require(
                    labelSmoothing > 0
                            || !PreferenceLoss.find(name).orElseThrow().needsSmoothing(),
                    "loss_type " + name + " needs label_smoothing above 0, such as 1e-3");
        }
        require(
                lossWeights.values().isEmpty()
                        || lossWeights.values().size() == lossType.values().size(),
                "loss_weights has " + lossWeights.values().size() + " factors for the "
                        + lossType.values().size() + " losses of loss_type");
        require(
                labelSmoothing >= 0 && labelSmoothing < 0.5,
                "label_smoothing must lie in [0, 0.5), got " + labelSmoothing);
        require(
                fAlphaDivergenceCoef != 1,
                "f_alpha_divergence_coef must not be 1; that is f_divergence_type=reverse_kl");
        require(
                !useWeighting || lossType.values().stream().noneMatch(name -> name.startsWith("aot")),
                "use_weighting weighs pairs, and aot and aot_unpaired take pairs apart; leave one of the two out");
        require(ldAlpha.orElse(0) >= 0 && ldAlpha.orElse(0) <= 1, "ld_alpha must lie in [0, 1]");
    }

    @Override
    public String name() {
        return "dpo";
    }

    @Override
    public String paper() {
        return "Rafailov et al., arXiv 2305.18290";
    }

    @Override
    public List<String> remarks() {
        boolean smooths = lossType.values().stream()
                .anyMatch(name -> PreferenceLoss.find(name).orElseThrow().smooths());
        return labelSmoothing == 0 || smooths
                ? List.of()
                : List.of("label_smoothing does nothing: robust, exo_pair, aot and aot_unpaired have it, not "
                        + String.join(", ", lossType.values()));
    }

    @Override
    public boolean needsReference() {
        return true;
    }

    @Override
    public Set<Measure> measures() {
        return useWeighting ? EnumSet.allOf(Measure.class) : EnumSet.of(Measure.MEAN_LOGIT);
    }

    @Override
    public Loss loss(Batch<Preference> batch) {
        PairScores pairs = new PairScores(batch, this);
        List<String> names = lossType.values();
        for (int k = 0; k < names.size(); k++) {
            double weight =
                    lossWeights.values().isEmpty() ? 1 : lossWeights.values().get(k);
            pairs.add(PreferenceLoss.find(names.get(k)).orElseThrow(), weight);
        }
        pairs.measure(batch.meter());
        return pairs.loss();
    }
}
