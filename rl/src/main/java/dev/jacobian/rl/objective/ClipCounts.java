// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Map;

/**
 * How often a ratio was clipped, under TRL's names: the share of tokens, or of sequences where these have the ratios, and the extremes among
 * the shares of sequences.
 */
final class ClipCounts {
    private final boolean ofSequences;
    private double low;
    private double high;
    private double all;
    private double leastLow = 1;
    private double mostHigh;
    private double lowHere;
    private double highHere;

    ClipCounts(RatioLevel level) {
        ofSequences = level != RatioLevel.TOKEN;
    }

    void token(boolean isLow, boolean isHigh) {
        lowHere += isLow ? 1 : 0;
        highHere += isHigh ? 1 : 0;
    }

    void endSequence(int length) {
        double tokens = Math.max(1, length);
        low += ofSequences ? lowHere / tokens : lowHere;
        high += ofSequences ? highHere / tokens : highHere;
        all += ofSequences ? 1 : length;
        leastLow = Math.min(leastLow, lowHere / tokens);
        mostHigh = Math.max(mostHigh, highHere / tokens);
        lowHere = 0;
        highHere = 0;
    }

    Map<String, Quotient> measures() {
        return Map.of(
                "clip_ratio/low_mean", new Quotient(low, all),
                "clip_ratio/high_mean", new Quotient(high, all),
                "clip_ratio/region_mean", new Quotient(low + high, all),
                "clip_ratio/low_min", new Quotient(leastLow, 1),
                "clip_ratio/high_max", new Quotient(mostHigh, 1));
    }
}
