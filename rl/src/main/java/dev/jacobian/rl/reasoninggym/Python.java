// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How Python reads numbers and splits texts, as far as reasoning-gym's scores depend on it; ASCII digits only. */
final class Python {
    private static final int MAX_DIGITS = 4300; // Python's own limit for int()

    private Python() {}

    /** {@code int(text)}; empty where that raises an error. */
    static Optional<BigInteger> integer(String text) {
        String digits = text.strip();
        boolean signed = digits.startsWith("-") || digits.startsWith("+");
        String bare = withoutUnderscores(signed ? digits.substring(1) : digits);
        if (!isDigits(bare) || bare.length() > MAX_DIGITS) {
            return Optional.empty();
        }
        BigInteger value = new BigInteger(bare);
        return Optional.of(digits.startsWith("-") ? value.negate() : value);
    }

    /** {@code int(text, 16)}. */
    static Optional<BigInteger> hexadecimal(String text) {
        String digits = text.strip();
        boolean signed = digits.startsWith("-") || digits.startsWith("+");
        String bare = signed ? digits.substring(1) : digits;
        boolean prefixed = bare.startsWith("0x") || bare.startsWith("0X");
        String hex = withoutUnderscores(prefixed ? bare.substring(bare.startsWith("_", 2) ? 3 : 2) : bare);
        if (hex.isEmpty()
                || hex.length() > MAX_DIGITS
                || hex.chars().anyMatch(c -> c >= 128 || Character.digit(c, 16) < 0)) {
            return Optional.empty();
        }
        BigInteger value = new BigInteger(hex, 16);
        return Optional.of(digits.startsWith("-") ? value.negate() : value);
    }

    /** {@code Decimal(text)} or {@code float(text)} of a finite number; empty for all else. */
    static Optional<BigDecimal> decimal(String text) {
        String number = withoutUnderscores(text.strip());
        if (number.length() > MAX_DIGITS || number.chars().anyMatch(c -> "0123456789+-.eE".indexOf(c) < 0)) {
            return Optional.empty();
        }
        try {
            return Optional.of(new BigDecimal(number));
        } catch (NumberFormatException none) {
            return Optional.empty();
        }
    }

    /** {@code text.split(separator)}: empty parts too. */
    static List<String> split(String text, String separator) {
        List<String> parts = new ArrayList<>();
        int start = 0;
        for (int at = text.indexOf(separator); at >= 0; at = text.indexOf(separator, start)) {
            parts.add(text.substring(start, at));
            start = at + separator.length();
        }
        parts.add(text.substring(start));
        return parts;
    }

    /** {@code text.split()}: what stands between blanks. */
    static List<String> words(String text) {
        String stripped = text.strip();
        return stripped.isEmpty() ? List.of() : Arrays.asList(stripped.split("\\s+"));
    }

    /** {@code len(text)}: code points. */
    static int length(String text) {
        return text.codePointCount(0, text.length());
    }

    /** Underscores may stand between digits; anywhere else they stay, and the text is no number. */
    private static String withoutUnderscores(String text) {
        StringBuilder bare = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            boolean between = text.charAt(i) == '_'
                    && i > 0
                    && i < text.length() - 1
                    && Character.digit(text.charAt(i - 1), 16) >= 0
                    && Character.digit(text.charAt(i + 1), 16) >= 0;
            if (!between) {
                bare.append(text.charAt(i));
            }
        }
        return bare.toString();
    }

    private static boolean isDigits(String text) {
        return !text.isEmpty() && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }
}
