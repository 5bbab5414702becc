// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

/**
 * DAPO's soft punishment of overlong completions (arXiv 2503.14476): 0 up to {@code maxLength - cache} tokens, then
 * falling linearly to -1 at {@code maxLength}, and -1 beyond.
 *
 * @param maxLength the completion limit in tokens
 * @param cache the width of the slope in tokens, in [1, maxLength]
 */
public record SoftOverlongReward(int maxLength, int cache) implements RewardFunction {

    /** Checks the slope's width. */
    public SoftOverlongReward {
        if (cache < 1 || cache > maxLength) {
            throw new IllegalArgumentException(
                    "cache must be between 1 and maxLength (" + maxLength + ") tokens, got " + cache);
        }
    }

    @Override
    public String name() {
        return "soft_overlong";
    }

    @Override
    public Score score(Completion completion) {
        double excess = completion.tokenIds().length - (maxLength - cache);
        return Score.of(-Math.clamp(excess / cache, 0.0, 1.0));
    }
}
