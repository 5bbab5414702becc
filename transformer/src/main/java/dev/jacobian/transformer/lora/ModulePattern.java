// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.lora;

import dev.jacobian.io.FormatException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A regular expression over paths of modules, from a file that nobody vouches for: one that backtracks for ages, or repeats nothing a billion times, is
 * an error instead.
 */
public final class ModulePattern {
    private static final int MOST_CHARACTERS = 1000;
    private static final long MOST_REPETITIONS = 10_000;
    private static final long MOST_STEPS = 20_000; // a path has some 60 characters
    private static final Pattern COUNTS = Pattern.compile("\\{(\\d*),?(\\d*)");

    private final String source;
    private final String where;
    private final Pattern compiled;

    private ModulePattern(String source, String where, Pattern compiled) {
        this.source = source;
        this.where = where;
        this.compiled = compiled;
    }

    /** An expression that must match a whole path. */
    static ModulePattern whole(String source, String where) {
        return new ModulePattern(source, where, compile(source, source, where));
    }

    /** An expression that must match a path from a dot on to its end, or all of it. */
    static ModulePattern ending(String source, String where) {
        return new ModulePattern(source, where, compile(source, "(?:.*\\.)?(?:" + source + ")", where));
    }

    private static Pattern compile(String source, String expression, String where) {
        if (source.length() > MOST_CHARACTERS) {
            throw wrong(source.substring(0, 40) + "...", where, "has more than " + MOST_CHARACTERS + " characters");
        }
        double repetitions = 1;
        for (Matcher counts = COUNTS.matcher(source); counts.find(); ) {
            repetitions *= Math.max(1, Math.max(count(counts.group(1)), count(counts.group(2))));
        }
        if (repetitions > MOST_REPETITIONS) {
            throw wrong(source, where, "asks for more than " + MOST_REPETITIONS + " repetitions");
        }
        try {
            return Pattern.compile(expression);
        } catch (PatternSyntaxException e) {
            throw new FormatException(
                    where,
                    "'" + source + "' is no regular expression: " + e.getDescription(),
                    "Correct it, or give a list of names of modules",
                    e);
        } catch (StackOverflowError e) {
            throw wrong(source, where, "is nested too deeply");
        }
    }

    private static double count(String digits) {
        return digits.isEmpty() ? 0 : Double.parseDouble(digits);
    }

    private static FormatException wrong(String source, String where, String what) {
        return new FormatException(
                where, "the regular expression '" + source + "' " + what, "Give a list of names of modules");
    }

    /**
     * Whether it matches a path.
     *
     * @throws FormatException if that takes too long to say
     */
    boolean matches(String module) {
        try {
            return compiled.matcher(new Counted(module)).matches();
        } catch (OutOfSteps | StackOverflowError e) {
            throw wrong(source, where, "takes too long on the path '" + module + "'");
        }
    }

    @Override
    public String toString() {
        return source;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof ModulePattern pattern && pattern.source.equals(source);
    }

    @Override
    public int hashCode() {
        return source.hashCode();
    }

    private static final class OutOfSteps extends RuntimeException {
        private static final long serialVersionUID = 1L;

        private OutOfSteps() {
            super(null, null, false, false);
        }
    }

    /** A path that counts how often it is looked at. */
    private static final class Counted implements CharSequence {
        private final String text;
        private long steps = MOST_STEPS;

        Counted(String text) {
            this.text = text;
        }

        @Override
        public char charAt(int index) {
            if (--steps < 0) {
                throw new OutOfSteps();
            }
            return text.charAt(index);
        }

        @Override
        public int length() {
            return text.length();
        }

        @Override
        public CharSequence subSequence(int start, int end) {
            return text.subSequence(start, end);
        }

        @Override
        public String toString() {
            return text;
        }
    }
}
