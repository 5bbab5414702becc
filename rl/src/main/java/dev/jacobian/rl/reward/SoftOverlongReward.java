// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

/**
 * DAPO's soft punishment of overlong completions (arXiv 2503.14476): 0 up to {@code maxLength - cache} tokens, then
 * falling linearly to -1 at {@code maxLength}, and -1 beyond.
 *
 * @param maxLength the completion limit in tokens
 * @param cache the width of the slope in tokens, in [1, maxLength]
 */
public record SoftOverlongReward(
        @Setting(value = "20480", doc = "the completion limit in tokens, from which on the punishment is -1")
        int maxLength,

        @Setting(value = "4096", doc = "width of the slope before it, in tokens")
        int cache)
        implements RewardFunction {
    /** DAPO's. */
    public static final SoftOverlongReward DEFAULT = ConfigTree.defaults(SoftOverlongReward.class);

    /** Checks the slope's width. */
    public SoftOverlongReward {
        if (cache < 1 || cache > maxLength) {
            throw new IllegalArgumentException(
                    "cache must be between 1 and max_length (" + maxLength + ") tokens, got " + cache);
        }
    }

    @Override
    public String name() {
        return "soft_overlong";
    }

    @Override
    public boolean needsTokens() {
        return true;
    }

    @Override
    public Score score(Completion completion) {
        double excess = completion.tokenIds().length - (maxLength - cache);
        return Score.of(-Math.clamp(excess / cache, 0.0, 1.0));
    }
}
