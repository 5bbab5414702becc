// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.EnumSet;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;

/**
 * Direct preference optimization (Rafailov et al., arXiv 2305.18290) and the family of {@linkplain PreferenceLoss losses} that has
 * grown around it.
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

        PreferenceLosses losses,
        Divergence divergence,

        @Setting(value = "null", doc = "weight of tokens behind the shorter completion's length; null for 1")
        OptionalDouble ldAlpha,

        @Setting(value = "false", doc = "weigh pairs by the policy's probability of both")
        boolean useWeighting,

        ReferenceConfig referenceConfig)
        implements PreferenceMethod {
    /** DPO as the paper has it. */
    public static final Dpo DEFAULT = ConfigTree.defaults(Dpo.class);

    public Dpo {
        requirePositive("beta", beta);
        require(
                !useWeighting || !losses.ranksPairs(),
                "use_weighting weighs pairs, and aot and aot_unpaired take pairs apart; leave one of the two out");
        require(ldAlpha.orElse(0) >= 0 && ldAlpha.orElse(0) <= 1, "ld_alpha must lie in [0, 1]");
    }

    @Override
    public String paper() {
        return "Rafailov et al., arXiv 2305.18290";
    }

    @Override
    public List<String> remarks() {
        return losses.remarks();
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
        losses.all().forEach(one -> pairs.add(one.loss(), one.weight()));
        pairs.measure(batch.meter());
        return pairs.loss();
    }
}
