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
import dev.jacobian.rl.reward.GroupLengthReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.reward.WeightedRewards.Weighted;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * E6: the length reward of Kimi k1.5, from the first step on, after a warm-up, or not at all.
 *
 * @param policy to begin with, which checks nearly everything
 * @param budget of an arm
 * @param weight of the length reward
 * @param warmup steps without it, in the arm that has a warm-up
 * @param updates optimizer steps from a rollout
 */
public record LengthPenalty(TinyModel policy, Budget budget, double weight, int warmup, int updates) implements Claim {
    private static final int ONE_PASS = 15; // tokens of an answer without repetition are 14

    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E6",
                "The length penalty and its warm-up",
                "The length reward shortens answers at about the same accuracy; from the first step on it slows early"
                        + " training, which a warm-up without it avoids.",
                new Paper("Kimi k1.5, arXiv 2501.12599", "no number; weight and warm-up are not published"),
                "Mirror descent on a model that says most things four times, with no length reward, one from the first"
                        + " step on, one after a warm-up; tokens, held-out pass@1, solved samples during the warm-up.",
                "steps → tokens of an answer",
                List.of(
                        "A model that checks until two passes agree, one optimizer step from a rollout at 1e-4, one"
                            + " first model for all seeds: inconclusive; tokens saved 0.000, solved early +0.070."
                            + " Without any length reward that model stopped checking by itself, so there was nothing"
                            + " left to save, and with one step the anchor does nothing. Now passes are repeated"
                            + " whatever comes out, there are several steps at half the rate, and the rule is given"
                            + " that without the reward answers stay longer than one pass.",
                        "How it reads: without a length reward the model drops its repetitions by itself within these"
                            + " steps, as the one before did, so that there is little to save; that the reward slows"
                            + " early training shows in every seed."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        Arm none = train(Optional.empty(), seed, workshop);
        Arm constant = train(Optional.of(0), seed, workshop);
        Arm late = train(Optional.of(warmup), seed, workshop);
        RunningSums task = new RunningSums(3, 6);
        Skill without = Arms.skill(none, task, budget, seed);
        Skill from = Arms.skill(constant, task, budget, seed);
        Skill after = Arms.skill(late, task, budget, seed);
        Measured.Builder measured = Measured.builder()
                .figure("tokens, none", without.get("mean_length"))
                .figure("tokens, from the first step", from.get("mean_length"))
                .figure("tokens, after a warm-up", after.get("mean_length"))
                .figure(
                        "share of tokens saved, after a warm-up",
                        1 - after.get("mean_length") / without.get("mean_length"))
                .figure("pass@1, none", without.get("pass@1"))
                .figure("pass@1, from the first step − none", from.get("pass@1") - without.get("pass@1"))
                .figure("pass@1, after a warm-up − none", after.get("pass@1") - without.get("pass@1"))
                .figure("solved early, warm-up − from the first step", early(late) - early(constant))
                .figure(Arms.MOVED, Math.min(Arms.moved(none), Math.min(Arms.moved(constant), Arms.moved(late))));
        Arms.draw(measured, "none", none, Arms.LENGTH);
        Arms.draw(measured, "from the first step", constant, Arms.LENGTH);
        Arms.draw(measured, "after a warm-up", late, Arms.LENGTH);
        return measured.build();
    }

    private Arm train(Optional<Integer> lengthAfter, long seed, Workshop workshop) {
        List<Weighted> rewards = new ArrayList<>();
        rewards.add(new Weighted(RunningSums.ACCURACY, 1));
        lengthAfter.ifPresent(steps -> rewards.add(new Weighted(GroupLengthReward.DEFAULT, weight, steps)));
        return Arm.train(
                workshop.model(policy, seed),
                new RunningSums(3, 6, new WeightedRewards(rewards)),
                budget.config(seed).method(Arms.mirrorDescent(updates)).build());
    }

    /** Solved samples up to the end of the warm-up. */
    private double early(Arm arm) {
        return Arrays.stream(arm.series(Arms.SOLVED)).limit(warmup).average().orElse(Double.NaN);
    }

    @Override
    public Rule rule() {
        return Rule.given(
                Rule.all(Arms.ANCHORED, Rule.above("tokens, none", ONE_PASS)),
                Rule.all(
                        Rule.above("share of tokens saved, after a warm-up", 0),
                        Rule.above("pass@1, after a warm-up − none", -0.02),
                        Rule.above("solved early, warm-up − from the first step", 0)));
    }
}
