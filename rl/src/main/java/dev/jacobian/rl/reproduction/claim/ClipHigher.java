// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Arm;
import dev.jacobian.rl.reproduction.rig.Budget;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import java.util.List;

/**
 * E10: a ratio that may rise further than it may fall.
 *
 * @param policy to begin with
 * @param budget of an arm
 * @param updates optimizer steps from a rollout; with one nothing is ever clipped
 */
public record ClipHigher(TinyModel policy, Budget budget, int updates) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E10",
                "Clip-higher",
                "A higher upper bound of the ratio slows the fall of entropy.",
                new Paper(
                        "DAPO, arXiv 2503.14476, figure 2", "ε 0.2 → 0.28: entropy no longer collapses; AIME 36 → 38"),
                "GRPO with several steps per rollout and upper bounds 0.2, 0.28 and 0.4; entropy over the last fifth,"
                        + " pass@1.",
                "steps → entropy",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Measured.Builder measured = Measured.builder();
        double[] highs = {0.2, 0.28, 0.4};
        double[] entropies = new double[highs.length];
        RunningSums task = new RunningSums(3, 6);
        for (int i = 0; i < highs.length; i++) {
            Arm arm = Arm.train(
                    workshop.model(policy),
                    task,
                    budget.config(seed)
                            .method(Grpo.DEFAULT
                                    .with("updates_per_rollout", updates)
                                    .with("epsilon_high", highs[i]))
                            .build());
            entropies[i] = arm.last(Arms.ENTROPY);
            measured.figure("entropy, " + highs[i], entropies[i])
                    .figure(
                            "pass@1, " + highs[i],
                            Arms.skill(arm, task, budget, seed).get("pass@1"))
                    .figure("clipped tokens, " + highs[i], arm.mean("clip_ratio/region_mean"));
            Arms.draw(measured, "ε_high " + highs[i], arm, Arms.ENTROPY);
        }
        return measured.figure("entropy, 0.28 − 0.2", entropies[1] - entropies[0])
                .figure("entropy, 0.4 − 0.2", entropies[2] - entropies[0])
                .build();
    }

    @Override
    public Rule rule() {
        return Rule.all(Rule.above("entropy, 0.28 − 0.2", 0), Rule.above("entropy, 0.4 − 0.2", 0));
    }
}
