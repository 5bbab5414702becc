// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.method.Omd;
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
 * E24: answers that are not finished in one rollout go on in the next.
 *
 * @param policy to begin with, whose answers differ much in length
 * @param budget of an arm
 * @param tokens of an answer in one rollout
 */
public record PartialRollouts(TinyModel policy, Budget budget, int tokens) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E24",
                "Partial rollouts",
                "A fixed number of tokens per rollout, with what is unfinished going on in the next, keeps long"
                        + " answers from holding up the others and changes little of what is learned.",
                new Paper("Kimi k1.5, arXiv 2501.12599", "no number"),
                "Mirror descent with whole and with partial rollouts at equal samples: held-out pass@1, staleness,"
                    + " answers that a limit cut, and how many decoding steps a rollout waits for its longest answer.",
                "steps → solved samples",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums task = new RunningSums(3, 6);
        Arm whole = Arm.train(
                workshop.model(policy),
                task,
                budget.config(seed).method(Omd.DEFAULT).build());
        Arm partial = Arm.train(
                workshop.model(policy),
                task,
                budget.config(seed)
                        .method(Omd.DEFAULT)
                        .rolloutTokenBudget(tokens)
                        .build());
        double wholly = Arms.skill(whole, task, budget, seed).get("pass@1");
        double partly = Arms.skill(partial, task, budget, seed).get("pass@1");
        double longest = whole.mean("completions/max_length");
        Measured.Builder measured = Measured.builder()
                .figure("pass@1, whole", wholly)
                .figure("pass@1, partial", partly)
                .figure("pass@1, partial − whole", partly - wholly)
                .figure("cut answers, partial", partial.mean("completions/clipped_ratio"))
                .figure("staleness of tokens, partial", partial.mean("staleness/mean"))
                .figure("decoding steps of a rollout, whole", longest)
                .figure("decoding steps of a rollout, whole / partial", longest / Math.min(longest, tokens));
        Arms.draw(measured, "whole", whole, Arms.SOLVED);
        Arms.draw(measured, "partial", partial, Arms.SOLVED);
        return measured.build();
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("pass@1, partial − whole", -0.02),
                Rule.below("cut answers, partial", 0.01),
                Rule.above("decoding steps of a rollout, whole / partial", 1));
    }
}
