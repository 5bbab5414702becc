// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.objective;

import java.util.Map;

/** How often a ratio was clipped, under TRL's names: the share of tokens, or of sequences where these have the ratios, and its extremes. */
final class ClipCounts {
    private double low;
    private double high;
    private double tokens;
    private double lowSequences;
    private double highSequences;
    private double sequences;
    private int lowHere;
    private int highHere;

    void token(boolean isLow, boolean isHigh) {
        lowHere += isLow ? 1 : 0;
        highHere += isHigh ? 1 : 0;
    }

    void endSequence(int length) {
        low += lowHere;
        high += highHere;
        tokens += length;
        lowSequences += lowHere > 0 ? 1 : 0;
        highSequences += highHere > 0 ? 1 : 0;
        sequences++;
        lowHere = 0;
        highHere = 0;
    }

    Map<String, Quotient> measures(RatioLevel level) {
        boolean whole = level != RatioLevel.TOKEN;
        double below = whole ? lowSequences : low;
        double above = whole ? highSequences : high;
        double all = whole ? sequences : tokens;
        return Map.of(
                "clip_ratio/low_mean", new Quotient(below, all),
                "clip_ratio/high_mean", new Quotient(above, all),
                "clip_ratio/region_mean", new Quotient(below + above, all));
    }
}
