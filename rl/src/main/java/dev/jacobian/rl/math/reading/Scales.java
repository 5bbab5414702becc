// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Fn;
import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Rational;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** Words behind a number that make another number of it: 5 million, 3 tenths, 7 squared. */
final class Scales {

    private static final Map<String, UnaryOperator<Node>> SCALES = new HashMap<>();

    static {
        by("hundred", Rational.of(100));
        by("thousand", Rational.of(1000));
        by("million", Rational.of(1_000_000));
        by("billion", Rational.of(1_000_000_000));
        by("trillion", Rational.of(1_000_000_000_000L));
        by("dozen", Rational.of(12));
        by("千", Rational.of(1000));
        by("万", Rational.of(10_000));
        by("亿", Rational.of(100_000_000));
        List<String> parts =
                List.of("halves", "thirds", "fourths", "fifths", "sixths", "sevenths", "eighths", "ninths", "tenths");
        for (int k = 0; k < parts.size(); k++) {
            by(parts.get(k), Rational.of(1, k + 2L));
        }
        by("hundredths", Rational.of(1, 100));
        by("thousandths", Rational.of(1, 1000));
        SCALES.put("squared", value -> new Node.Power(value, Node.number(2)));
        SCALES.put("factorial", value -> Node.apply(Fn.FACTORIAL, value));
        SCALES.put("cubed", value -> new Node.Power(value, Node.number(3)));
    }

    private Scales() {}

    private static void by(String word, Rational factor) {
        SCALES.put(word, value -> Node.product(value, new Node.Num(factor)));
    }

    /** The word for a letter behind an amount of money: $5M. */
    static String written(String letter) {
        return switch (letter) {
            case "K", "k" -> "thousand";
            case "M", "m", "mn" -> "million";
            case "B", "bn" -> "billion";
            default -> letter;
        };
    }

    /** What a word does to the number before it; empty if nothing. */
    static Optional<UnaryOperator<Node>> named(String word) {
        return Optional.ofNullable(SCALES.get(word.toLowerCase(Locale.ROOT)));
    }
}
