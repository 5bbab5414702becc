// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

/**
 * TRL's {@code think_format_reward}: 1 if a completion begins with {@code <think>}, has no second one, and closes it; else 0. What follows
 * {@code </think>} is free.
 */
public record ThinkFormatReward() implements RewardFunction {
    private static final String OPEN = "<think>";

    @Override
    public String name() {
        return "think_format";
    }

    @Override
    public Score score(Completion completion) {
        String text = completion.text();
        boolean right =
                text.startsWith(OPEN) && text.indexOf(OPEN, 1) < 0 && text.indexOf("</think>", OPEN.length()) >= 0;
        return Score.of(right ? 1 : 0);
    }
}
