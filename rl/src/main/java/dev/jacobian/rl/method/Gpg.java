// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import static dev.jacobian.rl.config.Checks.requirePositive;

import dev.jacobian.rl.advantage.MeanBaseline;
import dev.jacobian.rl.advantage.NonZeroScaling;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Reinforce;

/**
 * Group policy gradient: the plain policy gradient, with the samples that teach nothing made up for.
 *
 * <pre>
 * α    = samples / samples with a reward other than 0         of the whole rollout
 * A_i  = α (r_i − mean r) / F                                 within the group of a prompt
 * L    = −A log π                                             per token; no ratio, no clip, no reference
 * loss = Σ L / Σ tokens                                       over the whole optimizer step
 * </pre>
 *
 * <p>Strictly on-policy: one update per batch of samples, checked bit for bit.
 */
public record Gpg(
        @Setting(value = "1.0", doc = "F, one number for all groups")
        double divisor,

        @Setting(value = "dapo", doc = "how token losses become one number")
        LossType lossType,

        OnPolicyConfig onPolicy)
        implements Method {
    /** The settings of the paper, or of the library that the field runs. */
    public static final Gpg DEFAULT = ConfigTree.defaults(Gpg.class);

    public Gpg {
        requirePositive("divisor", divisor);
    }

    @Override
    public String name() {
        return "gpg";
    }

    @Override
    public String paper() {
        return "Chu et al., arXiv 2504.02546";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new NonZeroScaling(new MeanBaseline(), divisor),
                new Reinforce(),
                lossType.aggregation(rollout.maxCompletionLength()),
                1,
                onPolicy.strictOnPolicy(),
                false);
    }
}
