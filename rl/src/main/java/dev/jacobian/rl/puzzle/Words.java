// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Collectors;

/** Answers as words: what stands between blanks, commas and semicolons. Written without regular expressions, so in linear time. */
final class Words {
    private static final int MAX_DIGITS = 18;

    private Words() {}

    /** The words of a text. */
    static List<String> of(String text) {
        List<String> words = new ArrayList<>();
        int start = 0;
        for (int i = 0; i <= text.length(); i++) {
            if (i == text.length() || isBetween(text.charAt(i))) {
                if (i > start) {
                    words.add(text.substring(start, i));
                }
                start = i + 1;
            }
        }
        return words;
    }

    private static boolean isBetween(char c) {
        return c == ',' || c == ';' || Character.isWhitespace(c);
    }

    /** The words of a text, if they are whole numbers of at most {@value #MAX_DIGITS} digits. */
    static Optional<List<Long>> integers(String text) {
        List<Long> numbers = new ArrayList<>();
        for (String word : of(text)) {
            OptionalLong number = integer(word);
            if (number.isEmpty()) {
                return Optional.empty();
            }
            numbers.add(number.getAsLong());
        }
        return Optional.of(numbers);
    }

    /** A whole number of ASCII digits, with or without a sign. */
    static OptionalLong integer(String word) {
        int start = !word.isEmpty() && (word.charAt(0) == '-' || word.charAt(0) == '+') ? 1 : 0;
        int digits = word.length() - start;
        if (digits < 1 || digits > MAX_DIGITS || !word.chars().skip(start).allMatch(c -> c >= '0' && c <= '9')) {
            return OptionalLong.empty();
        }
        return OptionalLong.of(Long.parseLong(word));
    }

    /** Whether a text is the whole number that another one is. */
    static boolean isInteger(String text, String expected) {
        return integer(text).equals(OptionalLong.of(Long.parseLong(expected)));
    }

    /** Values with a blank between them. */
    static String join(Collection<?> values) {
        return join(values, " ");
    }

    /** Values with something between them. */
    static String join(Collection<?> values, String between) {
        return values.stream().map(String::valueOf).collect(Collectors.joining(between));
    }
}
