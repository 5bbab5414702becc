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
 * E4: all problems, then hard ones only.
 *
 * @param policy to begin with
 * @param budget of an arm
 * @param hard terms from which on a problem is hard
 * @param most terms of a problem
 * @param pool problems to choose from
 * @param updates optimizer steps from a rollout
 */
public record HardOnlyCurriculum(TinyModel policy, Budget budget, int hard, int most, int pool, int updates)
        implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E4",
                "Curriculum against uniform sampling",
                "After a warm-up on all problems, training on hard ones only gives more on hard problems than going on"
                        + " with all.",
                new Paper("Kimi k1.5, arXiv 2501.12599, figure 9", "switch at iteration 24; at 42 .605 against .555"),
                "Mirror descent with uniform sampling of a pool, or the same and from half of the steps on hard"
                        + " problems alone; pass@1 on held-out hard problems.",
                "steps → solved samples",
                List.of("One optimizer step from a rollout at 1e-4, one first model for all seeds: reproduced, +0.016"
                        + " on hard problems. With one step mirror descent's anchor does nothing; now there are"
                        + " several, at half the rate."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums all = new RunningSums(3, most);
        RunningSums difficult = new RunningSums(hard, most);
        Arm uniform = Arm.train(
                workshop.model(policy, seed),
                all,
                budget.config(seed)
                        .method(Arms.mirrorDescent(updates))
                        .curriculum(CurriculumConfig.Kind.UNIFORM)
                        .curriculumPool(pool)
                        .build());
        Arm curriculum = Arm.train(
                workshop.model(policy, seed),
                all,
                budget.config(seed)
                        .method(Arms.mirrorDescent(updates))
                        .curriculum(CurriculumConfig.Kind.UNIFORM_THEN_HARD)
                        .curriculumPool(pool)
                        .difficultyColumn("difficulty")
                        .curriculumThreshold(hard)
                        .build());
        double uniformly = Arms.skill(uniform, difficult, budget, seed).get("pass@1");
        double hardest = Arms.skill(curriculum, difficult, budget, seed).get("pass@1");
        double overall = Arms.skill(uniform, all, budget, seed).get("pass@1");
        double overallHard = Arms.skill(curriculum, all, budget, seed).get("pass@1");
        Measured.Builder measured = Measured.builder()
                .figure("pass@1 on hard problems, uniform", uniformly)
                .figure("pass@1 on hard problems, curriculum", hardest)
                .figure("pass@1 on hard problems, curriculum − uniform", hardest - uniformly)
                .figure("pass@1 on all problems, curriculum − uniform", overallHard - overall)
                .figure(Arms.MOVED, Math.min(Arms.moved(uniform), Arms.moved(curriculum)));
        Arms.draw(measured, "uniform", uniform, Arms.SOLVED);
        Arms.draw(measured, "curriculum (hard problems from half on)", curriculum, Arms.SOLVED);
        return measured.build();
    }

    @Override
    public Rule rule() {
        return Rule.given(Arms.ANCHORED, Rule.above("pass@1 on hard problems, curriculum − uniform", 0));
    }
}
