// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.method.Opo;

/**
 * The experiments of "On-Policy RL with Optimal Reward Baseline" (Hao et al., arXiv 2505.23585), from one base model.
 *
 * <p>First GRPO loosely on policy: four optimizer steps on a rollout, so that three of them learn from samples of older weights. Then GRPO exactly on
 * policy. Then OPO: exactly on policy, with the baseline that weighs rewards by length and no division by their deviation. No KL, no entropy bonus
 * in any of them, and everything else alike. The paper finds that exactness keeps entropy up and the policy
 * near its beginning; docs/recipes.md says what is seen at this size.
 */
final class OnPolicy {
    private OnPolicy() {}

    static Recipe recipe(Ground on) {
        return Recipe.of(
                "opo",
                arm(
                        on,
                        "grpo-loose",
                        "GRPO with four optimizer steps on each rollout",
                        Grpo.DEFAULT.with("updates_per_rollout", 4)),
                arm(on, "grpo", "GRPO with one optimizer step on each rollout: exactly on policy", Grpo.DEFAULT),
                arm(on, "opo", "OPO: exactly on policy, with the length-weighted baseline", Opo.DEFAULT));
    }

    private static RlStage arm(Ground on, String name, String purpose, Method method) {
        return new RlStage(name, purpose, on.base(), on.problems(), on.rl(method, on.of(60, 3)), on.check());
    }
}
