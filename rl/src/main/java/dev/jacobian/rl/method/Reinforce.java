// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.NoBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;

/**
 * The policy gradient itself.
 *
 * <pre>
 * A_i  = r_i                      no baseline
 * L    = −A log π                 per token
 * </pre>
 *
 * <p>Unbiased, and noisy: every sample of a positive reward is pushed up, the worse ones too, until something else holds the policy
 * back. Strictly on-policy: one update per batch of samples, checked bit for bit.
 */
public record Reinforce(
        @Setting(value = "seq-mean-token-sum", doc = "how token losses become one number")
        LossType lossType,

        OnPolicyConfig onPolicy)
        implements Method {
    /** The mean over completions of each one's sum. */
    public static final Reinforce DEFAULT = ConfigTree.defaults(Reinforce.class);

    @Override
    public String name() {
        return "reinforce";
    }

    @Override
    public String paper() {
        return "Williams 1992; of language models arXiv 2402.14740";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                name(),
                new NoBaseline(),
                new dev.jacobian.rl.objective.Reinforce(),
                lossType.aggregation(rollout.maxCompletionLength()),
                1,
                onPolicy.strictOnPolicy(),
                false);
    }
}
