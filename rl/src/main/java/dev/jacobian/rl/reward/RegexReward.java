// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import dev.jacobian.io.CountedText;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * 1 if a regular expression fits a completion, else 0; with a column, if what the expression finds is also what the column says.
 *
 * <p>An expression such as {@code (a+)+b} takes for ever on the wrong text, and completions are written by what is rewarded. So a search may
 * look at a character {@value #STEPS} times and not more: beyond, or where its recursion exceeds the stack, the completion's score is a
 * failure, in the same place on every machine.
 *
 * @param pattern as {@link Pattern} has them
 * @param where how it must fit
 * @param column what the first group of the last match (or the match, if there is no group) must equal; empty for nothing
 */
public record RegexReward(
        @Setting(
                value = "\\S",
                doc = "the regular expression, as java.util.regex.Pattern has them; (?s) lets . be a line end")
        String pattern,

        @Setting(value = "find", doc = "how it must fit: find it somewhere, or match the whole completion")
        Where where,

        @Setting(
                value = "",
                doc = "column that the last match's first group (or the match) must equal; empty to ask for a match"
                        + " alone")
        String column)
        implements ExplainedReward, ReadsAnswer {
    /** Anything but blanks. */
    public static final RegexReward DEFAULT = ConfigTree.defaults(RegexReward.class);

    /** How often a search looks at a character. */
    static final int STEPS = 20_000_000;

    /** How an expression fits. */
    public enum Where {
        /** Somewhere. */
        FIND,
        /** The whole completion. */
        MATCH
    }

    /** Checks the expression. */
    public RegexReward {
        try {
            Pattern.compile(pattern);
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException(
                    "pattern is no regular expression: " + e.getDescription() + " near index " + e.getIndex() + " of '"
                            + pattern + "'",
                    e);
        }
    }

    @Override
    public String name() {
        return "regex";
    }

    @Override
    public Optional<String> answer(String completion) {
        int[] steps = new int[1];
        CharSequence counted = new CountedText(completion, () -> {
            if (++steps[0] > STEPS) {
                throw new TooLong();
            }
        });
        Matcher matcher = Pattern.compile(pattern).matcher(counted);
        Optional<String> found = Optional.empty();
        if (where == Where.MATCH) {
            return matcher.matches() ? found(matcher) : found;
        }
        while (matcher.find()) {
            found = found(matcher);
            if (column.isEmpty()) {
                break;
            }
        }
        return found;
    }

    private static Optional<String> found(Matcher matcher) {
        String group = matcher.groupCount() > 0 ? matcher.group(1) : null;
        return Optional.of(group == null ? matcher.group() : group);
    }

    @Override
    public Explanation explain(Completion completion) {
        Optional<String> found;
        try {
            found = answer(completion.text());
        } catch (StackOverflowError | TooLong e) {
            return Explanation.of(
                    Score.failure("the expression '" + pattern + "' takes too long on a completion of "
                            + completion.text().length() + " characters; write it without nested repetitions"),
                    Optional.empty());
        }
        boolean right = column.isEmpty()
                ? found.isPresent()
                : found.equals(Optional.of(completion.columns().string(column)));
        return Explanation.of(Score.of(right ? 1 : 0), found);
    }

    /** The column must be there, if there is one. */
    @Override
    public void requireUsable(Columns columns) {
        if (!column.isEmpty()) {
            columns.string(column);
        }
    }

    /** A search has looked at too many characters. */
    private static final class TooLong extends RuntimeException {
        private static final long serialVersionUID = 1L;

        TooLong() {
            super("too many steps", null, false, false);
        }
    }
}
