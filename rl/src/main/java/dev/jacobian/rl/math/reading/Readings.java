// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.MathProblem;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Work;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * All that a text may mean. Nearly always that is one thing; {@code 1,234} may also be two numbers, {@code 98 m} a product, {@code 8:15} a
 * ratio, and any text its own words.
 */
public final class Readings {

    /** Longer formulas are no answers. */
    public static final int LONGEST = 20_000;

    private static final Pattern NUMERAL = Pattern.compile(
            "\\(?\\s*([0-9A-Fa-f]{1,200})\\s*\\)?\\s*_\\s*(?:\\{\\s*)?(\\d{1,2}|[a-z]{3,11})(?:\\s*\\})?");
    private static final Pattern PREFIXED =
            Pattern.compile("0(?:[bB]([01]{1,200})|[xX]([0-9A-Fa-f]{1,200})|[oO]([0-7]{1,200}))");
    private static final Pattern IN_BASE =
            Pattern.compile("([0-9A-Fa-f]{1,200})\\s*(?:in\\s+)?\\(?base[- ](\\d{1,2}|[a-z]{3,11})\\)?");
    private static final Pattern ORDINAL = Pattern.compile("(\\d{1,9})(?:\\^?\\{?\\s*(?:st|nd|rd|th)\\}?)");
    private static final Pattern CHANCE = Pattern.compile("(\\d{1,9}) (?:in|out of) (\\d{1,9})");
    /** The empty set in ordinary text. */
    private static final Pattern NOTHING = Pattern.compile("\\s*\\{ ?\\}\\s*[.]?\\s*");

    private static final Pattern COMMA_GROUP = Pattern.compile("\\d,\\d{2,3}(?!\\d)");

    private static final Pattern QUAD = Pattern.compile("\\\\q?quad(?![a-zA-Z])");

    /** Letters that nobody would take for a product of variables. */
    private static final Pattern WORD = Pattern.compile("[\\p{L} ]{3,}");

    private Readings() {}

    /** The readings of an answer; the last is its words. Empty if nothing is there. */
    public static List<Node> of(String text, boolean plain, Work work) {
        String bare = Wrapping.without(text);
        if (bare.isBlank()) {
            return plain && NOTHING.matcher(text).matches() ? List.of(Constant.EMPTY_SET) : List.of();
        }
        if (bare.length() > LONGEST) {
            return List.of(new Node.Word(Words.normalized(bare.substring(0, LONGEST))));
        }
        Set<Node> readings = new LinkedHashSet<>();
        String words = Words.plain(bare);
        Optional<Node> special = special(words);
        special.ifPresent(readings::add);
        if (special.isPresent() && special.get() instanceof Node.Clock) {
            readings.add(new Node.Word(Words.normalized(bare)));
            return List.copyOf(readings);
        }
        OptionalLong roman = words.length() > 1 ? NumberWords.roman(words) : OptionalLong.empty();
        if (roman.isPresent()) {
            return List.of(Node.number(roman.getAsLong()), new Node.Word(Words.normalized(bare)));
        }
        boolean operators = plain || bare.indexOf('*') >= 0 && bare.indexOf('\\') < 0;
        boolean commas = COMMA_GROUP.matcher(bare).find();
        for (boolean grouped : commas ? new boolean[] {true, false} : new boolean[] {true}) {
            formula(bare, new Style(operators, grouped, true), work).ifPresent(readings::add);
        }
        Optional<String> said = Spoken.formula(words);
        said.flatMap(formula -> formula(formula, new Style(formula.indexOf('\\') < 0 || plain, true, true), work))
                .ifPresent(readings::add);
        if (readings.isEmpty() && bare.startsWith("\\text") && words.chars().anyMatch(Character::isDigit)) {
            formula(words, Style.PLAIN, work).ifPresent(readings::add);
        }
        if (readings.isEmpty()) {
            Spoken.list(words).flatMap(list -> formula(list, Style.PLAIN, work)).ifPresent(readings::add);
        }
        if (readings.isEmpty()
                || readings.stream().anyMatch(reading -> reading.contains(Node.Quantity.class::isInstance))) {
            formula(bare, new Style(operators, true, false), work).ifPresent(readings::add);
        }
        boolean isFormula = readings.size() > (special.isPresent() ? 1 : 0)
                && !WORD.matcher(words).matches();
        readings.add(new Node.Word(isFormula ? Words.formula(bare) : Words.normalized(bare)));
        return List.copyOf(readings);
    }

    /** A wide blank separates answers, if what it separates can be read. */
    private static Optional<Node> formula(String text, Style style, Work work) {
        if (text.contains("quad")) {
            Optional<Node> apart = read(QUAD.matcher(text).replaceAll(" , "), style, work);
            if (apart.isPresent()) {
                return apart;
            }
        }
        return read(text, style, work);
    }

    private static Optional<Node> read(String text, Style style, Work work) {
        try {
            return Optional.of(FormulaReader.read(text, style, work));
        } catch (MathProblem.Unreadable | MathProblem.Undefined | MathProblem.NotScalar e) {
            return Optional.empty();
        }
    }

    /** Whether a text is a formula, or one of the other things that can be compared by more than their letters. */
    public static boolean isReadable(String text, boolean plain, Work work) {
        String bare = Wrapping.without(text);
        return !bare.isBlank()
                && bare.length() <= LONGEST
                && (special(Words.plain(bare)).isPresent()
                        || formula(bare, new Style(plain, true, true), work).isPresent());
    }

    private static Optional<Node> special(String words) {
        if (words.isEmpty() || words.length() > 300) {
            return Optional.empty();
        }
        Optional<Node> found = numeral(words);
        if (found.isEmpty()) {
            found = Calendar.clock(words);
        }
        if (found.isEmpty()) {
            found = Calendar.day(words);
        }
        if (found.isEmpty()) {
            found = phrase(words.toLowerCase(Locale.ROOT));
        }
        return found;
    }

    private static Optional<Node> numeral(String words) {
        Matcher matcher = NUMERAL.matcher(words);
        if (matcher.matches() || matcher.usePattern(IN_BASE).matches()) {
            OptionalLong base = matcher.group(2).matches("\\d+")
                    ? OptionalLong.of(Long.parseLong(matcher.group(2)))
                    : base(matcher.group(2));
            return base.isPresent()
                            && base.getAsLong() >= 2
                            && base.getAsLong() <= 36
                            && (matcher.group(1).matches("\\d+") || base.getAsLong() > 10)
                    ? Optional.of(new Node.Numeral(digits(matcher.group(1)), (int) base.getAsLong()))
                    : Optional.empty();
        }
        matcher = PREFIXED.matcher(words);
        if (matcher.matches()) {
            int group = matcher.group(1) != null ? 1 : matcher.group(2) != null ? 2 : 3;
            return Optional.of(new Node.Numeral(digits(matcher.group(group)), group == 1 ? 2 : group == 2 ? 16 : 8));
        }
        matcher = ORDINAL.matcher(words);
        return matcher.matches() ? Optional.of(Node.number(Long.parseLong(matcher.group(1)))) : Optional.empty();
    }

    private static String digits(String text) {
        String digits = text.toUpperCase(Locale.ROOT).replaceFirst("^0+", "");
        return digits.isEmpty() ? "0" : digits;
    }

    private static OptionalLong base(String word) {
        return switch (word) {
            case "binary" -> OptionalLong.of(2);
            case "octal" -> OptionalLong.of(8);
            case "decimal" -> OptionalLong.of(10);
            case "hex" -> OptionalLong.of(16);
            default -> NumberWords.of(word);
        };
    }

    private static Optional<Node> phrase(String words) {
        if (words.startsWith("negative ") || words.startsWith("minus ")) {
            return phrase(words.substring(words.indexOf(' ') + 1)).map(Node::negative);
        }
        int and = words.indexOf(" and ");
        if (and > 0) {
            OptionalLong whole = NumberWords.of(words.substring(0, and));
            Optional<Rational> rest = NumberWords.fraction(words.substring(and + 5));
            if (whole.isPresent() && rest.isPresent()) {
                return Optional.of(new Node.Num(Rational.of(whole.getAsLong()).plus(rest.get())));
            }
        }
        OptionalLong number = NumberWords.of(words);
        if (number.isPresent()) {
            return Optional.of(Node.number(number.getAsLong()));
        }
        Optional<Rational> fraction = NumberWords.fraction(words);
        if (fraction.isEmpty()) {
            Matcher chance = CHANCE.matcher(words);
            fraction = chance.matches() && !chance.group(2).matches("0+")
                    ? Optional.of(Rational.of(Long.parseLong(chance.group(1)), Long.parseLong(chance.group(2))))
                    : Optional.empty();
        }
        if (fraction.isPresent()) {
            return fraction.map(Node.Num::new);
        }
        return switch (words) {
            case "no solution",
                    "no solutions",
                    "no real solution",
                    "no real solutions",
                    "none",
                    "empty set",
                    "the empty set",
                    "there is no solution",
                    "there are no solutions",
                    "there is no real solution",
                    "there are no real solutions",
                    "无解" -> Optional.of(Constant.EMPTY_SET);
            case "all real numbers",
                    "all reals",
                    "all real x",
                    "any real number",
                    "every real number",
                    "all real values" -> Optional.of(Constant.REALS);
            case "all integers" -> Optional.of(Constant.INTEGERS);
            case "half", "one half", "one-half", "a half" -> Optional.of(new Node.Num(Rational.HALF));
            case "infinite", "infinitely many", "infinity" -> Optional.of(Constant.INFINITY);
            default -> Optional.empty();
        };
    }

    /** The whole number that a Roman numeral in capital letters is. */
    public static OptionalLong roman(String text) {
        return NumberWords.roman(Words.plain(Wrapping.without(text)));
    }

    /** The units or words of a text as a list, for tests and messages. */
    static List<String> names(String text, boolean plain) {
        List<String> names = new ArrayList<>();
        of(text, plain, new Work()).forEach(node -> names.add(node.getClass().getSimpleName()));
        return names;
    }
}
