// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.config.CurriculumConfig;
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
 * E5: problems in proportion to how often they fail.
 *
 * @param policy to begin with
 * @param budget of an arm
 * @param most terms of a problem
 * @param pool problems to choose from, few enough to come again
 * @param updates optimizer steps from a rollout
 */
public record PrioritizedSampling(TinyModel policy, Budget budget, int most, int pool, int updates) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E5",
                "Prioritised sampling",
                "Sampling problems in proportion to 1 − s, their success rate so far, wastes fewer samples on what is"
                        + " solved already.",
                new Paper("Kimi k1.5, arXiv 2501.12599", "no number"),
                "Mirror descent with uniform and prioritised sampling of the same pool at equal samples: groups whose"
                        + " rewards are all equal, held-out pass@1.",
                "steps → groups without a difference",
                List.of(
                        "Nothing else; these were the first settings.",
                        "How it reads: 480 groups of 256 problems are too few for success rates to settle."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums task = new RunningSums(3, most);
        Arm uniform = train(CurriculumConfig.Kind.UNIFORM, task, seed, workshop);
        Arm prioritized = train(CurriculumConfig.Kind.PRIORITIZED, task, seed, workshop);
        double uniformly = Arms.skill(uniform, task, budget, seed).get("pass@1");
        double byFailure = Arms.skill(prioritized, task, budget, seed).get("pass@1");
        String flat = "frac_reward_zero_std";
        Measured.Builder measured = Measured.builder()
                .figure("groups without a difference, uniform", uniform.mean(flat))
                .figure("groups without a difference, prioritised", prioritized.mean(flat))
                .figure(
                        "groups without a difference, uniform − prioritised",
                        uniform.mean(flat) - prioritized.mean(flat))
                .figure("pass@1, prioritised", byFailure)
                .figure("pass@1, prioritised − uniform", byFailure - uniformly)
                .figure(Arms.MOVED, Math.min(Arms.moved(uniform), Arms.moved(prioritized)));
        Arms.draw(measured, "uniform", uniform, flat);
        Arms.draw(measured, "prioritised", prioritized, flat);
        return measured.build();
    }

    private Arm train(CurriculumConfig.Kind kind, RunningSums task, long seed, Workshop workshop) {
        return Arm.train(
                workshop.model(policy, seed),
                task,
                budget.config(seed)
                        .method(Arms.mirrorDescent(updates))
                        .curriculum(kind)
                        .curriculumPool(pool)
                        .build());
    }

    @Override
    public Rule rule() {
        return Rule.given(
                Arms.ANCHORED,
                Rule.all(
                        Rule.above("groups without a difference, uniform − prioritised", 0),
                        Rule.above("pass@1, prioritised − uniform", -0.02)));
    }
}
