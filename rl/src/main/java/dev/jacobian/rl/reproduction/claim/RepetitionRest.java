// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.claim;

import dev.jacobian.rl.reproduction.Claim;
import dev.jacobian.rl.reproduction.ClaimFacts;
import dev.jacobian.rl.reproduction.Measured;
import dev.jacobian.rl.reproduction.Paper;
import dev.jacobian.rl.reproduction.Rule;
import dev.jacobian.rl.reproduction.rig.Arm;
import dev.jacobian.rl.reproduction.rig.Budget;
import dev.jacobian.rl.reproduction.rig.RunningSums;
import dev.jacobian.rl.reproduction.rig.Skill;
import dev.jacobian.rl.reproduction.rig.TinyModel;
import dev.jacobian.rl.reproduction.rig.Workshop;
import dev.jacobian.rl.reward.RepetitionPenalty;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Task;
import java.util.List;

/**
 * E25: a penalty for saying the same again.
 *
 * @param policy to begin with, which says most things four times
 * @param budget of an arm
 * @param weight of the penalty
 * @param updates optimizer steps from a rollout
 */
public record RepetitionRest(TinyModel policy, Budget budget, double weight, int updates) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E25",
                "A penalty for repetition",
                "Penalising repetition in the reward makes a model that loops repeat itself less.",
                new Paper("Kimi k1.5, arXiv 2501.12599", "no number"),
                "Mirror descent on a model that says seven in ten answers four times over, with and without a penalty"
                        + " on repeated 3-grams; Rep-5 and pass@1 on held-out problems.",
                "steps → tokens of an answer",
                List.of(
                        "Nothing else; these were the first settings that were run in full.",
                        "How it reads: repetition goes away without the penalty too, which leaves nothing to see."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        RunningSums plain = new RunningSums(3, 6);
        Task penalised = new RunningSums(
                3,
                6,
                WeightedRewards.of(RunningSums.ACCURACY)
                        .plus(RepetitionPenalty.DEFAULT, weight)
                        .decidedBy(RunningSums.ACCURACY.name()));
        Arm without = Arm.train(
                workshop.model(policy, seed),
                plain,
                budget.config(seed).method(Arms.mirrorDescent(updates)).build());
        Arm with = Arm.train(
                workshop.model(policy, seed),
                penalised,
                budget.config(seed).method(Arms.mirrorDescent(updates)).build());
        Skill before = Arms.skill(without, plain, budget, seed);
        Skill after = Arms.skill(with, plain, budget, seed);
        Measured.Builder measured = Measured.builder()
                .figure("Rep-5, without", before.get("rep5"))
                .figure("Rep-5, with", after.get("rep5"))
                .figure("Rep-5, without − with", before.get("rep5") - after.get("rep5"))
                .figure("pass@1, with − without", after.get("pass@1") - before.get("pass@1"))
                .figure(Arms.MOVED, Math.min(Arms.moved(without), Arms.moved(with)));
        Arms.draw(measured, "without", without, Arms.LENGTH);
        Arms.draw(measured, "with", with, Arms.LENGTH);
        return measured.build();
    }

    @Override
    public Rule rule() {
        return Rule.given(
                Arms.ANCHORED,
                Rule.all(Rule.above("Rep-5, without − with", 0), Rule.above("pass@1, with − without", -0.02)));
    }
}
