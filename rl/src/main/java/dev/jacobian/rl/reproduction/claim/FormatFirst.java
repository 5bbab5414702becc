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
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.reward.WeightedRewards.Weighted;
import java.util.Arrays;
import java.util.List;

/**
 * E29: a small reward for the form and the rest for the answer.
 *
 * @param policy to begin with, which seldom writes tags
 * @param budget of an arm
 * @param format reward for the right form alone
 */
public record FormatFirst(TinyModel policy, Budget budget, double format) implements Claim {
    private static final int SMOOTH = 5;

    /** 1 if the last digit of a completion is the answer, tags or not; it is measured, and earns nothing. */
    private static final RewardFunction ANYWHERE = RewardFunction.named("last_digit", completion -> {
        String digits = completion.text().replaceAll("[^0-9]", "");
        return Score.of(digits.endsWith(completion.columns().string("answer")) ? 1 : 0);
    });

    @Override
    public ClaimFacts about() {
        return new ClaimFacts(
                "E29",
                "The form first, then the answer",
                "With a small reward for the right form and the rest for the right answer, the form is learned first"
                        + " and accuracy after it.",
                new Paper(
                        "DeepSeek-R1, arXiv 2501.12948; TinyZero",
                        "reward 0.1 for the form with a wrong answer, 1 for a right one"),
                "GRPO from a model that writes tags once in ten; steps until form and accuracy, as means of five"
                        + " steps, have come nine tenths of their way. Accuracy here is that of the last digit, tags or"
                        + " not: between tags alone it could not come before the form.",
                "steps → share of samples",
                List.of(
                        "Accuracy between tags, single steps instead of means of five, one first model for all seeds:"
                            + " reproduced; form at the end 0.920, 7.0 steps later [1.0, 14.0]. Accuracy between tags"
                            + " follows the form by its definition.",
                        "How it reads: in 30 rollouts the form is nearly there; accuracy rose little in two seeds and"
                                + " fell in one, whose model learned the form without the reasoning."),
                2);
    }

    @Override
    public Measured measure(long seed, Workshop workshop) {
        WeightedRewards rewards = new WeightedRewards(List.of(
                        new Weighted(RunningSums.ACCURACY, 1 - format),
                        new Weighted(FormatReward.DEFAULT, format),
                        new Weighted(ANYWHERE, 0)))
                .decidedBy(RunningSums.ACCURACY.name());
        Arm arm = Arm.train(
                workshop.model(policy, seed),
                new RunningSums(3, 6, rewards),
                budget.config(seed).method(Grpo.DEFAULT).build());
        String form = "rewards/format/mean";
        String right = "rewards/last_digit/mean";
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

    /** The first step at which a metric's mean of five steps has come nine tenths of the way to where it ends. */
    private static double way(Arm arm, String metric) {
        double[] single = arm.series(metric);
        double[] values = new double[Math.max(1, single.length - SMOOTH + 1)];
        Arrays.setAll(
                values,
                i -> Arrays.stream(single).skip(i).limit(SMOOTH).average().orElse(Double.NaN));
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
