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
                "A higher upper bound of the ratio slows the fall of entropy, at no cost in accuracy.",
                new Paper(
                        "DAPO, arXiv 2503.14476, figure 2", "ε 0.2 → 0.28: entropy no longer collapses; AIME 36 → 38"),
                "GRPO with several steps per rollout and upper bounds 0.2, 0.28 and 0.4; the fall of"
                        + " entropy from the first to the last fifth of the steps, pass@1.",
                "steps → entropy",
                List.of(
                        "Nothing else was run in full. With 4 steps at 1e-4 hardly a token is clipped (see E1), so"
                            + " that the bounds would not have mattered: there are 16 steps at 3e-4 now, as many as"
                            + " DAPO has, and the rule is given that the usual bounds clip one token in a thousand and"
                            + " that entropy falls. Accuracy is a part of the rule.",
                        "How it reads: first models and samples make more of a difference to entropy than the bounds"
                                + " do."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Measured.Builder measured = Measured.builder();
        double[] highs = {0.2, 0.28, 0.4};
        double[] falls = new double[highs.length];
        double[] solved = new double[highs.length];
        RunningSums task = new RunningSums(3, 6);
        for (int i = 0; i < highs.length; i++) {
            Arm arm = Arm.train(
                    workshop.model(policy, seed),
                    task,
                    budget.config(seed)
                            .method(Grpo.DEFAULT
                                    .with("updates_per_rollout", updates)
                                    .with("epsilon_high", highs[i]))
                            .build());
            falls[i] = arm.first(Arms.ENTROPY) - arm.last(Arms.ENTROPY);
            solved[i] = Arms.skill(arm, task, budget, seed).get("pass@1");
            measured.figure("fall of entropy, " + highs[i], falls[i])
                    .figure("entropy at the end, " + highs[i], arm.last(Arms.ENTROPY))
                    .figure("pass@1, " + highs[i], solved[i])
                    .figure("clipped tokens, " + highs[i], arm.mean("clip_ratio/region_mean"));
            Arms.draw(measured, "ε_high " + highs[i], arm, Arms.ENTROPY);
        }
        return measured.figure("fall of entropy, 0.2 − 0.28", falls[0] - falls[1])
                .figure("fall of entropy, 0.2 − 0.4", falls[0] - falls[2])
                .figure("pass@1, 0.28 − 0.2", solved[1] - solved[0])
                .build();
    }

    @Override
    public Rule rule() {
        return Rule.given(
                Rule.all(Rule.above("clipped tokens, 0.2", 0.001), Rule.above("fall of entropy, 0.2", 0)),
                Rule.all(
                        Rule.above("fall of entropy, 0.2 − 0.28", 0),
                        Rule.above("fall of entropy, 0.2 − 0.4", 0),
                        Rule.above("pass@1, 0.28 − 0.2", -0.02)));
    }
}
