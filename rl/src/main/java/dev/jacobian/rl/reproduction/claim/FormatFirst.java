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
import dev.jacobian.rl.reward.FormatReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.reward.WeightedRewards.Weighted;
import java.util.List;

/**
 * E29: a small reward for the form and the rest for the answer.
 *
 * @param policy to begin with, which seldom writes tags
 * @param budget of an arm
 * @param format reward for the right form alone
 */
public record FormatFirst(TinyModel policy, Budget budget, double format) implements Claim {
    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E29",
                "The form first, then the answer",
                "With a small reward for the right form and the rest for the right answer, the form is learned within"
                        + " the first steps and accuracy after it.",
                new Paper(
                        "DeepSeek-R1, arXiv 2501.12948; TinyZero",
                        "reward 0.1 for the form with a wrong answer, 1 for a right one"),
                "GRPO from a model that writes tags once in ten; steps until form and accuracy have come nine tenths"
                        + " of their way.",
                "steps → share of samples",
                List.of("Nothing else; these were the first settings."),
                1);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        WeightedRewards rewards = new WeightedRewards(List.of(
                        new Weighted(RunningSums.ACCURACY, 1 - format), new Weighted(FormatReward.DEFAULT, format)))
                .decidedBy(RunningSums.ACCURACY.name());
        Arm arm = Arm.train(
                workshop.model(policy),
                new RunningSums(3, 6, rewards),
                budget.config(seed).method(Grpo.DEFAULT).build());
        String form = "rewards/format/mean";
        String right = "rewards/exact_match/mean";
        Measured.Builder measured = Measured.builder()
                .figure("format rate, before", arm.first(form))
                .figure("format rate, at the end", arm.last(form))
                .figure("accuracy, before", arm.first(right))
                .figure("accuracy, at the end", arm.last(right))
                .figure("steps to the form", way(arm, form))
                .figure("steps to accuracy", way(arm, right))
                .figure("steps to accuracy − steps to the form", way(arm, right) - way(arm, form));
        Arms.draw(measured, "form", arm, form);
        Arms.draw(measured, "accuracy", arm, right);
        return measured.build();
    }

    /** The first step at which a metric has come nine tenths of the way to where it ends. */
    private static double way(Arm arm, String metric) {
        double[] values = arm.series(metric);
        double goal = values[0] + 0.9 * (arm.last(metric) - values[0]);
        for (int i = 0; i < values.length; i++) {
            if (values[i] >= goal) {
                return i + 1;
            }
        }
        return values.length;
    }

    @Override
    public Rule rule() {
        return Rule.all(
                Rule.above("format rate, at the end", 0.9), Rule.above("steps to accuracy − steps to the form", 0));
    }
}
