// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static dev.jacobian.transformer.generation.Checks.require;

import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.util.OptionalInt;

/**
 * When a continuation is taken to run in circles: its last {@code ngram · count} tokens are one run of at most {@code ngram} tokens
 * over and over.
 *
 * <p>Decision: the repetitions follow on each other without a gap, and a short run must fill as many tokens as a long one. So a line of
 * dashes, a table, a phrase that comes back, or a search that tries the same sum again end nothing; a model that is caught in
 * a loop never leaves it, and so is always found. Tokens of the prompt do not count.
 *
 * @param ngram the longest run that is looked for, at most {@value #MOST}; 0 for no such rule
 * @param count how often it must stand there in a row, at least twice; 0 for no such rule
 */
public record RepetitionConfig(int ngram, int count) {
    /** The longest {@code ngram}: what is kept for each continuation, and looked at for each token. */
    public static final int MOST = 1024;

    /** No rule. */
    public static final RepetitionConfig NONE = new RepetitionConfig(0, 0);

    public RepetitionConfig {
        require(
                ngram == 0 && count == 0 || ngram > 0 && count > 0,
                "repetition_ngram and repetition_count make one rule: set both or neither, got " + ngram + " and "
                        + count);
        require(ngram <= MOST, "repetition_ngram must be at most " + MOST + ", got " + ngram);
        require(ngram == 0 || count >= 2, "repetition_count must be at least 2, got " + count);
    }

    /** Whether there is no such rule. */
    public boolean isNone() {
        return ngram == 0;
    }

    /** The shortest continuation that it can end. */
    public long tokens() {
        return (long) ngram * count;
    }

    /** How many of a continuation's tokens there are when the rule ends it, if it does. */
    public OptionalInt stops(int[] continuation) {
        TokenHistory history = new TokenHistory(new int[0]);
        RepetitionWatch watch = new RepetitionWatch(this, history);
        for (int token : continuation) {
            history.add(token);
            if (watch.closes(history)) {
                return OptionalInt.of(history.newTokens());
            }
        }
        return OptionalInt.empty();
    }
}
