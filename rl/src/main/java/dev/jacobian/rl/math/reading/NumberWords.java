// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Rational;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/** Whole numbers in English words: forty-two, one hundred and five, three million, seventh. */
final class NumberWords {

    private static final Map<String, Long> VALUES = new HashMap<>();
    private static final Map<String, Long> SCALES =
            Map.of("thousand", 1000L, "million", 1_000_000L, "billion", 1_000_000_000L);

    static {
        List<String> small = List.of(
                "zero",
                "one",
                "two",
                "three",
                "four",
                "five",
                "six",
                "seven",
                "eight",
                "nine",
                "ten",
                "eleven",
                "twelve",
                "thirteen",
                "fourteen",
                "fifteen",
                "sixteen",
                "seventeen",
                "eighteen",
                "nineteen");
        List<String> ordinals = List.of(
                "zeroth",
                "first",
                "second",
                "third",
                "fourth",
                "fifth",
                "sixth",
                "seventh",
                "eighth",
                "ninth",
                "tenth",
                "eleventh",
                "twelfth",
                "thirteenth",
                "fourteenth",
                "fifteenth",
                "sixteenth",
                "seventeenth",
                "eighteenth",
                "nineteenth");
        List<String> tens = List.of("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety");
        for (int k = 0; k < small.size(); k++) {
            VALUES.put(small.get(k), (long) k);
            VALUES.put(ordinals.get(k), (long) k);
        }
        for (int k = 0; k < tens.size(); k++) {
            VALUES.put(tens.get(k), 20L + 10L * k);
            VALUES.put(tens.get(k).replace("ty", "tieth"), 20L + 10L * k);
        }
    }

    private static final Pattern ROMAN =
            Pattern.compile("M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})");

    private static final Pattern ORDINAL = Pattern.compile("(?:first|second|third|[a-z]+th)");

    private NumberWords() {}

    /** The number that a whole text says, if it counts: seven, not seventh. */
    static OptionalLong cardinal(String text) {
        int last = Math.max(text.lastIndexOf(' '), text.lastIndexOf('-')) + 1;
        return ORDINAL.matcher(text.substring(last)).matches() ? OptionalLong.empty() : of(text);
    }

    /** Whether a word in small letters may be a part of a number. */
    static boolean mayBegin(String word) {
        return VALUES.containsKey(word) || SCALES.containsKey(word) || word.equals("hundred") || word.equals("and");
    }

    /** The number that a whole text says. */
    static OptionalLong of(String text) {
        if (text.isEmpty() || text.length() > 100 || !Character.isLetter(text.charAt(0))) {
            return OptionalLong.empty();
        }
        long total = 0;
        long group = 0;
        boolean any = false;
        for (String word : text.toLowerCase(Locale.ROOT).strip().split("[\\s-]+")) {
            Long value = VALUES.get(word);
            Long scale = SCALES.get(word);
            if (value != null && group % 100 % 10 == 0 && (group % 100 == 0 || group % 100 >= 20 && value < 10)) {
                group += value;
            } else if (word.equals("hundred") && group < 10 && any) {
                group *= 100;
            } else if (scale != null && any && group < 1000) {
                total += group * scale;
                group = 0;
            } else if (!(word.equals("and") && any)) {
                return OptionalLong.empty();
            }
            any = true;
        }
        return OptionalLong.of(total + group);
    }

    /** {@code three quarters}, {@code two thirds}, {@code one half}. */
    static Optional<Rational> fraction(String text) {
        if (text.isEmpty() || !Character.isLetter(text.charAt(0))) {
            return Optional.empty();
        }
        String words = text.toLowerCase(Locale.ROOT)
                .strip()
                .replaceFirst("^an? ", "one ")
                .replace("-", " ");
        int last = words.lastIndexOf(' ');
        if (last < 0 || words.length() > 100) {
            return Optional.empty();
        }
        String part = words.substring(last + 1);
        long parts = switch (part) {
            case "half", "halves" -> 2;
            case "quarter", "quarters" -> 4;
            default -> VALUES.getOrDefault(part.endsWith("s") ? part.substring(0, part.length() - 1) : part, 0L);
        };
        boolean ordinal = part.matches("half|halves|quarters?|thirds?|[a-z]+ths?");
        OptionalLong count = of(words.substring(0, last));
        return ordinal && parts >= 2 && count.isPresent() && count.getAsLong() < 20
                ? Optional.of(Rational.of(count.getAsLong(), parts))
                : Optional.empty();
    }

    /** A Roman numeral in capital letters. */
    static OptionalLong roman(String text) {
        if (text.isEmpty()
                || "MDCLXVI".indexOf(text.charAt(0)) < 0
                || !ROMAN.matcher(text).matches()) {
            return OptionalLong.empty();
        }
        String letters = "IVXLCDM";
        int[] values = {1, 5, 10, 50, 100, 500, 1000};
        long total = 0;
        int after = 0;
        for (int k = text.length() - 1; k >= 0; k--) {
            int value = values[letters.indexOf(text.charAt(k))];
            total += value < after ? -value : value;
            after = value;
        }
        return OptionalLong.of(total);
    }
}
