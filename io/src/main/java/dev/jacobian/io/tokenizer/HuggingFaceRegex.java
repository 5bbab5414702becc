// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.io.FormatException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * Compiles the regular expressions of {@code tokenizer.json}, which are written for Oniguruma (Ruby syntax), into
 * {@link Pattern}s that match the same.
 *
 * <p>What differs, and what is done about it:
 *
 * <ul>
 *   <li>classes and case are Unicode there: {@code UNICODE_CHARACTER_CLASS}, {@code UNICODE_CASE};
 *   <li>{@code ^} and {@code $} match at every line, and a line ends at {@code \n} only: {@code MULTILINE},
 *       {@code UNIX_LINES};
 *   <li>a script is {@code \p{Han}} there and {@code \p{IsHan}} here, and {@code \p{^L}} is {@code \P{L}}: translated;
 *   <li>{@code \h} is a hexadecimal digit there and a blank here: translated;
 *   <li>{@code \w} has the superscript digits and fractions of Latin-1 there, but not the zero-width joiners: translated;
 *   <li>{@code x{1,3}+} repeats the repetition there and is possessive here, {@code (?m)} is dot-matches-all there and
 *       {@code [[:alpha:]]} is unknown here: refused, since no published tokenizer needs them.
 * </ul>
 *
 * <p>Counted repetitions that multiply to more than {@link #MAX_REPETITIONS} are refused too: repeating what matches nothing
 * takes time without looking at a character, which {@link Work} could not see.
 */
final class HuggingFaceRegex {
    private static final int FLAGS =
            Pattern.UNICODE_CHARACTER_CLASS | Pattern.UNICODE_CASE | Pattern.MULTILINE | Pattern.UNIX_LINES;

    private static final String WORD = "[\\w\u00B2\u00B3\u00B9\u00BC-\u00BE&&[^\u200C\u200D]]";

    private static final long MAX_REPETITIONS = 100_000;
    private static final Pattern COUNTS = Pattern.compile("\\{(\\d{1,9}),?(\\d{0,9})\\}");

    private HuggingFaceRegex() {}

    /** @throws FormatException if the expression is malformed or means something that cannot be had here */
    static Pattern compile(String regex, String where) {
        try {
            return Pattern.compile(translate(regex, where), FLAGS);
        } catch (StackOverflowError e) {
            throw new FormatException(
                    where,
                    "the regular expression " + regex + " has groups in groups too deep to be understood",
                    "No real tokenizer has that: fetch the file from the original model");
        } catch (PatternSyntaxException e) {
            throw new FormatException(
                    where,
                    "the regular expression " + regex + " is not understood: " + e.getDescription(),
                    "Correct it, or rewrite that part in the syntax that Oniguruma and java.util.regex share",
                    e);
        }
    }

    private static String translate(String regex, String where) {
        StringBuilder out = new StringBuilder();
        int classDepth = 0;
        long repetitions = 1;
        for (int i = 0; i < regex.length(); i++) {
            char c = regex.charAt(i);
            if (c == '\\' && i + 1 < regex.length()) {
                char escaped = regex.charAt(++i);
                if (escaped == 'h' || escaped == 'H') {
                    out.append(escaped == 'h' ? "[0-9a-fA-F]" : "[^0-9a-fA-F]");
                } else if (escaped == 'w' || escaped == 'W') {
                    out.append(escaped == 'w' ? WORD : "[^" + WORD + "]");
                } else if ((escaped == 'p' || escaped == 'P') && regex.startsWith("{", i + 1)) {
                    int end = regex.indexOf('}', i);
                    if (end < 0) {
                        throw unsupported(where, regex, "an unclosed \\p{");
                    }
                    out.append(property(escaped, regex.substring(i + 2, end)));
                    i = end;
                } else {
                    out.append(c).append(escaped);
                }
                continue;
            }
            if (c == '[') {
                if (regex.startsWith("[:", i) && classDepth > 0) {
                    throw unsupported(where, regex, "a POSIX class such as [:alpha:]");
                }
                classDepth++;
            } else if (c == ']' && classDepth > 0) {
                classDepth--;
            } else if (classDepth == 0 && c == '{') {
                repetitions *= count(regex, i);
                if (repetitions > MAX_REPETITIONS) {
                    throw unsupported(where, regex, "counts that multiply to " + repetitions + " repetitions");
                }
            } else if (classDepth == 0 && c == '}' && regex.startsWith("}+", i)) {
                throw unsupported(where, regex, "a '+' after an interval");
            } else if (classDepth == 0 && c == '(' && isMultilineGroup(regex, i)) {
                throw unsupported(where, regex, "the option (?m)");
            }
            out.append(c);
        }
        return out.toString();
    }

    /** The largest number in the braces that open at a position; 1 if there is none. */
    private static long count(String regex, int open) {
        Matcher counts = COUNTS.matcher(regex).region(open, regex.length());
        if (!counts.lookingAt()) {
            return 1; // literal braces, or numbers that Pattern refuses
        }
        long least = Long.parseLong(counts.group(1));
        long most = counts.group(2).isEmpty() ? least : Long.parseLong(counts.group(2));
        return Math.max(1, Math.max(least, most));
    }

    private static String property(char letter, String name) {
        boolean negated = letter == 'P';
        if (name.startsWith("^")) {
            negated = !negated;
            name = name.substring(1);
        }
        return (negated ? "\\P{" : "\\p{") + (isScript(name) ? "Is" : "") + name + "}";
    }

    private static boolean isScript(String name) {
        if (name.length() <= 2) {
            return false; // a general category
        }
        try {
            Character.UnicodeScript.forName(name);
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    private static boolean isMultilineGroup(String regex, int open) {
        if (!regex.startsWith("(?", open)) {
            return false;
        }
        for (int i = open + 2;
                i < regex.length() && (Character.isLetter(regex.charAt(i)) || regex.charAt(i) == '-');
                i++) {
            if (regex.charAt(i) == 'm') {
                return true;
            }
        }
        return false;
    }

    private static FormatException unsupported(String where, String regex, String what) {
        return new FormatException(
                where,
                "the regular expression " + regex + " has " + what + ", which is not supported",
                "Rewrite that part in the syntax that Oniguruma and java.util.regex share");
    }
}
