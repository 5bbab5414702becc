// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.GreedyBaseline;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.RolloutConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.objective.Reinforce;
import dev.jacobian.rl.rollout.ExtraSamples;

/**
 * REINFORCE against the policy's own likeliest answer (Li et al., arXiv 2310.10505).
 *
 * <pre>
 * ŷ    = argmax π, token by token                             one greedy completion of every prompt, not learned from
 * A_i  = r_i − r(ŷ)                                           no comparison of samples: num_generations=1 does
 * L    = −A log π                                             per token
 * </pre>
 *
 * <p>The baseline is the same for all samples of a prompt and drawn apart from them, so the gradient stays unbiased, and no value
 * model is needed. It costs one more completion for each prompt. Strictly on-policy: one update per batch of samples, checked bit
 * for bit.
 */
public record ReMax(
        @Setting(value = "seq-mean-token-sum", doc = "how token losses become one number")
        LossType lossType,

        OnPolicyConfig onPolicy)
        implements Method {
    /** The mean over completions of each one's sum. */
    public static final ReMax DEFAULT = ConfigTree.defaults(ReMax.class);

    @Override
    public String name() {
        return "remax";
    }

    @Override
    public String paper() {
        return "Li et al., arXiv 2310.10505";
    }

    @Override
    public Algorithm algorithm(RolloutConfig rollout) {
        return new Algorithm(
                        name(),
                        new GreedyBaseline(),
                        new Reinforce(),
                        lossType.aggregation(rollout.maxCompletionLength()),
                        1,
                        onPolicy.strictOnPolicy(),
                        false)
                .with(Algorithm.Extras.NONE.withSamples(new ExtraSamples.Greedy()));
    }
}
