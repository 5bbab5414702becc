// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.io.CountedText;
import dev.jacobian.io.FormatException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What one text may cost a tokenizer: steps of its regular expressions and its model, and characters that its components make
 * of it.
 *
 * <p>A tokenizer.json is a program from elsewhere. Its expressions may backtrack for ages ({@code (a*)*\1b} takes time
 * exponential in the text), and thirty replacements that each double the text make a gigabyte of one letter. No published
 * tokenizer comes near these limits, which grow with the text.
 *
 * <p>Steps are characters that an expression looks at: an expression cannot go on long without looking at one, since
 * {@link HuggingFaceRegex} refuses huge counted repetitions. Expressions that are known to take a few steps per character
 * on any text ({@link LinearPatterns}) are not counted.
 *
 * <p>For one text, and one thread.
 */
final class Work {
    private static final long STEPS = 10_000_000;
    private static final long STEPS_PER_CHARACTER = 500;
    private static final long CHARACTERS = 1 << 16;
    private static final long CHARACTERS_PER_CHARACTER = 32;

    private final String where;
    private final long length;
    private long stepsLeft;

    /**
     * @param where the file that the tokenizer comes from, for messages
     * @param length characters of the text
     */
    Work(String where, long length) {
        this.where = where;
        this.length = length;
        this.stepsLeft = STEPS + STEPS_PER_CHARACTER * length;
    }

    /** Thrown out of the middle of a match. */
    static final class OutOfSteps extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private OutOfSteps() {
            super(null, null, false, false);
        }
    }

    /** A matcher that throws {@link OutOfSteps} when the steps are used up, unless the expression needs no watching. */
    Matcher matcher(Pattern regex, String text) {
        return regex.matcher(LinearPatterns.contains(regex.pattern()) ? text : new CountedText(text, this::look));
    }

    /** Counts steps of a model, which looks at characters too: a vocabulary of very long tokens would make it slow. */
    void spend(long steps) {
        stepsLeft -= steps;
        if (stepsLeft < 0) {
            throw new FormatException(
                    where,
                    "its model takes more than " + (STEPS + STEPS_PER_CHARACTER * length) + " steps on a text of "
                            + length + " characters",
                    "No real vocabulary has so many tokens of such length: fetch the file from the original model");
        }
    }

    FormatException outOfSteps(Pattern regex, String text) {
        return new FormatException(
                where,
                "the regular expression " + regex + " takes more than "
                        + (STEPS + STEPS_PER_CHARACTER * length) + " steps on a text of " + text.length()
                        + " characters",
                "It backtracks too much: use the tokenizer.json of the original model, or rewrite the expression"
                        + " without repetitions inside repetitions");
    }

    /** Refuses text that has grown out of proportion. */
    void requireRoom(long characters) {
        long most = CHARACTERS + CHARACTERS_PER_CHARACTER * length;
        if (characters > most) {
            throw new FormatException(
                    where,
                    "its components make more than " + most + " characters of a text of " + length,
                    "No real tokenizer does that: fetch the file from the original model");
        }
    }

    private void look() {
        if (--stepsLeft < 0) {
            throw new OutOfSteps();
        }
    }

    /** The steps that are left, for tests. */
    long stepsLeft() {
        return stepsLeft;
    }
}
