// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.List;

/**
 * The format that DeepSeek-R1-Zero was rewarded for (arXiv 2501.12948): {@code <think>…</think>} and then {@code <answer>…</answer>}, each
 * tag once, in this order, with something in both and nothing but blanks around them. 1 if it is so, else 0.
 *
 * @param thinkInPrompt whether the prompt has opened {@code <think>} already, as the templates of R1's distillations do
 */
public record FormatReward(
        @Setting(value = "false", doc = "the prompt has opened <think> already, so that the completion only closes it")
        boolean thinkInPrompt)
        implements RewardFunction {
    /** The completion opens its thinking itself. */
    public static final FormatReward DEFAULT = ConfigTree.defaults(FormatReward.class);

    private static final List<String> TAGS = List.of("<think>", "</think>", "<answer>", "</answer>");

    @Override
    public String name() {
        return "format";
    }

    @Override
    public Score score(Completion completion) {
        return Score.of(isRight(thinkInPrompt ? TAGS.getFirst() + completion.text() : completion.text()) ? 1 : 0);
    }

    private static boolean isRight(String text) {
        int[] at = new int[TAGS.size()];
        int from = 0;
        for (int i = 0; i < at.length; i++) {
            String tag = TAGS.get(i);
            at[i] = text.indexOf(tag);
            if (at[i] < from || text.lastIndexOf(tag) != at[i]) {
                return false;
            }
            from = at[i] + tag.length();
        }
        return isBlank(text, 0, at[0])
                && !isBlank(text, at[0] + TAGS.get(0).length(), at[1])
                && isBlank(text, at[1] + TAGS.get(1).length(), at[2])
                && !isBlank(text, at[2] + TAGS.get(2).length(), at[3])
                && isBlank(text, from, text.length());
    }

    private static boolean isBlank(String text, int from, int to) {
        return Blanks.strip(text.substring(from, to)).isEmpty();
    }
}
