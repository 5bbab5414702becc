// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import static dev.jacobian.rl.config.Checks.require;
import static dev.jacobian.rl.config.Checks.requireAtLeast;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * A penalty for saying the same again: TRL's {@code get_repetition_penalty_reward}, by Yeo et al., arXiv 2502.03373.
 *
 * <pre>
 * (1 − different n-grams / n-grams) · max_penalty;  0 for a completion of fewer than n
 * </pre>
 *
 * @param ngramSize n
 * @param maxPenalty what a completion that only repeats itself comes close to; at most 0
 * @param unit what is counted
 */
public record RepetitionPenalty(
        @Setting(value = "3", doc = "length of the n-grams") int ngramSize,

        @Setting(value = "-1.0", doc = "what a completion that only repeats itself gets; not above 0")
        double maxPenalty,

        @Setting(
                value = "tokens",
                doc = "what the n-grams are of: tokens, or words of the text in lower case, cut at blanks")
        Unit unit)
        implements RewardFunction {
    /** TRL's: trigrams of tokens. */
    public static final RepetitionPenalty DEFAULT = ConfigTree.defaults(RepetitionPenalty.class);

    /** Of words, as open-r1 counts, which a text without tokens has too. */
    public static final RepetitionPenalty OF_WORDS = ConfigTree.with(DEFAULT, "unit", Unit.WORDS);

    /** What n-grams are of. */
    public enum Unit {
        /** Tokens, the end token included. */
        TOKENS,
        /** Words. */
        WORDS
    }

    public RepetitionPenalty {
        requireAtLeast("ngram_size", 1, ngramSize);
        require(maxPenalty <= 0, "max_penalty must not be above 0, got " + maxPenalty);
    }

    @Override
    public String name() {
        return unit == Unit.TOKENS ? "repetition_penalty" : "ngram_repetition";
    }

    @Override
    public boolean needsTokens() {
        return unit == Unit.TOKENS;
    }

    @Override
    public Score score(Completion completion) {
        List<?> units = unit == Unit.TOKENS
                ? Arrays.stream(completion.tokenIds()).boxed().toList()
                : Arrays.stream(completion.text().toLowerCase(Locale.ROOT).split("\\s+"))
                        .filter(word -> !word.isEmpty())
                        .toList();
        int all = units.size() - ngramSize + 1;
        if (all < 1) {
            return Score.of(0);
        }
        Set<List<?>> different = new HashSet<>();
        for (int i = 0; i < all; i++) {
            different.add(units.subList(i, i + ngramSize));
        }
        double repeated = 1 - different.size() / (double) all;
        return Score.of(repeated == 0 ? 0 : repeated * maxPenalty);
    }
}
