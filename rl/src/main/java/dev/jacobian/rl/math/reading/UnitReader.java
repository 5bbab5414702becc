// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Unit;
import dev.jacobian.rl.math.reading.Token.Kind;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Units before and behind values. */
final class UnitReader {

    private static final Set<String> CODES = Set.of("US", "USD", "EUR", "GBP", "RMB", "Rs");

    /** What is said of a length or a time behind its unit. */
    private static final Set<String> ADJECTIVES = Set.of(
            "tall",
            "long",
            "wide",
            "high",
            "deep",
            "thick",
            "old",
            "away",
            "apart",
            "ahead",
            "left",
            "remaining",
            "total");

    private final Cursor cursor;
    private final Style style;
    private boolean behindDegrees;

    UnitReader(Cursor cursor, Style style) {
        this.cursor = cursor;
        this.style = style;
    }

    /** A currency sign before an amount. */
    Optional<Unit> prefix() {
        Token token = cursor.peek();
        boolean sign = token.kind() == Kind.SYMBOL && "$£€¥₹₩₽".contains(token.text());
        if (sign) {
            cursor.next();
            return Units.named(token.text());
        }
        if (token.kind() == Kind.LETTER && token.offset() == 0 && CODES.contains(token.run())) {
            boolean dollars = token.run().equals("US");
            if (dollars != cursor.peek(2).is("$")) {
                return Optional.empty();
            }
            cursor.skip(token.run().length() + (dollars ? 1 : 0));
            return Units.named(dollars ? "$" : token.run().equals("Rs") ? "₹" : token.run());
        }
        return Optional.empty();
    }

    /** A unit behind a value. The cursor stays if there is none. */
    Optional<Unit> suffix() {
        Token token = cursor.peek();
        if (token.is("%")) {
            cursor.next();
            return Optional.of(Unit.PERCENT);
        }
        if (token.kind() == Kind.SYMBOL && "$£€¥₹¢元".contains(token.text())) {
            cursor.next();
            return Units.named(token.text());
        }
        Optional<Unit> primes = primes();
        if (primes.isPresent()) {
            return primes;
        }
        if (isDegreeSign()) {
            cursor.skip(cursor.peek(1).is("{") ? 4 : 2);
            return Optional.of(degrees());
        }
        if (token.isCommand("frac")) {
            return fraction();
        }
        if (token.kind() == Kind.TEXT) {
            return Connectors.is(token.text()) || token.text().strip().equals("to") ? Optional.empty() : texts();
        }
        return token.kind() == Kind.LETTER && style.unitLetters() && token.offset() == 0 ? words() : Optional.empty();
    }

    /** One stroke or two behind a number: minutes and seconds behind degrees, else feet and inches. */
    private Optional<Unit> primes() {
        int mark = cursor.mark();
        boolean raised = cursor.take("^");
        boolean braces = raised && cursor.take("{");
        int strokes = 0;
        while (true) {
            if (cursor.take("\"")) {
                strokes += 2;
            } else if (cursor.take("'") || cursor.takeCommand("'")) {
                strokes++;
            } else {
                break;
            }
        }
        if (strokes == 0 || strokes > 2 || braces && !cursor.take("}")) {
            cursor.reset(mark);
            return Optional.empty();
        }
        return behindDegrees
                ? Optional.of(strokes == 1 ? Unit.ARC_MINUTE : Unit.ARC_SECOND)
                : Units.named(strokes == 1 ? "ft" : "in");
    }

    /** Reads what stands behind degrees, where strokes are parts of a degree. */
    <T> T behindDegrees(Supplier<T> reading) {
        boolean was = behindDegrees;
        behindDegrees = true;
        T result = reading.get();
        behindDegrees = was;
        return result;
    }

    private boolean isDegreeSign() {
        return cursor.at("^")
                && (cursor.peek(1).isCommand("circ")
                        || cursor.peek(1).is("{")
                                && cursor.peek(2).isCommand("circ")
                                && cursor.peek(3).is("}"));
    }

    /** A degree sign may belong to a scale of temperature. */
    private Unit degrees() {
        Token token = cursor.peek();
        String scale = token.kind() == Kind.TEXT ? token.text().strip() : cursor.word();
        String name = scale.equals("C") ? "celsius" : scale.equals("F") ? "fahrenheit" : scale.toLowerCase(Locale.ROOT);
        if (name.equals("celsius") || name.equals("fahrenheit")) {
            cursor.skip(token.kind() == Kind.TEXT ? 1 : scale.length());
            return Units.named(name).orElse(Unit.DEGREE);
        }
        return Unit.DEGREE;
    }

    /** {@code \text{ cm}^2}, {@code \text{m}/\text{s}}. */
    private Optional<Unit> texts() {
        int start = cursor.mark();
        StringBuilder phrase = new StringBuilder();
        while (cursor.peek().kind() == Kind.TEXT) {
            phrase.append(' ').append(cursor.next().text());
            power(phrase);
            if (cursor.at("/") && cursor.peek(1).kind() == Kind.TEXT) {
                cursor.next();
                phrase.append('/');
            } else if (cursor.atCommand("cdot") && cursor.peek(1).kind() == Kind.TEXT) {
                cursor.next();
            }
        }
        Optional<Unit> unit = Units.phrase(phrase.toString(), true);
        if (unit.isEmpty()) {
            cursor.reset(start);
        }
        return unit;
    }

    /** {@code \frac{\text{m}}{\text{s}^2}}. */
    private Optional<Unit> fraction() {
        int start = cursor.mark();
        cursor.next();
        StringBuilder phrase = new StringBuilder();
        for (int part = 0; part < 2; part++) {
            if (!cursor.take("{") || cursor.peek().kind() != Kind.TEXT) {
                cursor.reset(start);
                return Optional.empty();
            }
            phrase.append(part == 0 ? "" : "/").append(cursor.next().text());
            power(phrase);
            if (!cursor.take("}")) {
                cursor.reset(start);
                return Optional.empty();
            }
        }
        return Units.phrase(phrase.toString(), false);
    }

    private void power(StringBuilder phrase) {
        if (!cursor.at("^")) {
            return;
        }
        int braces = cursor.peek(1).is("{") ? 1 : 0;
        boolean minus = cursor.peek(1 + braces).is("-");
        Token exponent = cursor.peek(1 + braces + (minus ? 1 : 0));
        if (exponent.isWhole() && exponent.text().length() == 1) {
            cursor.skip(2 + 2 * braces + (minus ? 1 : 0));
            phrase.append('^').append(minus ? "-" : "").append(exponent.text());
        }
    }

    /** {@code 98 m}, {@code 24 square centimeters}, {@code 5 km/h}: letters, if all that follows on is a unit. */
    private Optional<Unit> words() {
        String first = cursor.peek().run();
        if (Words.isHan(first)) {
            Optional<Unit> unit = Units.chinese(first);
            cursor.skip(unit.isPresent() ? first.length() : 0);
            return unit;
        }
        if (!style.plain() && !cursor.peek().spaced() && cursor.peek().run().length() < 2) {
            return Optional.empty();
        }
        int start = cursor.mark();
        StringBuilder phrase = new StringBuilder();
        int best = start;
        Optional<Unit> unit = Optional.empty();
        for (int words = 0;
                words < 6
                        && cursor.peek().kind() == Kind.LETTER
                        && cursor.peek().offset() == 0;
                words++) {
            String run = cursor.peek().run();
            cursor.skip(run.length());
            phrase.append(run);
            power(phrase);
            Optional<Unit> sofar = Units.phrase(phrase.toString(), false);
            if (sofar.isPresent()) {
                unit = sofar;
                best = cursor.mark();
            }
            if (cursor.at("/") && cursor.peek(1).kind() == Kind.LETTER) {
                cursor.next();
                phrase.append('/');
            } else if (cursor.atCommand("cdot") && cursor.peek(1).kind() == Kind.LETTER) {
                cursor.next();
                phrase.append(' ');
            } else {
                phrase.append(' ');
            }
        }
        cursor.reset(best);
        if (unit.isPresent()
                && ADJECTIVES.contains(cursor.word())
                && cursor.peek().offset() == 0) {
            cursor.skip(cursor.word().length());
        }
        return unit.isPresent() || !style.plain() && !cursor.peek().spaced() ? unit : nouns();
    }

    /** What was counted: words up to the end, of which nothing is known. */
    private Optional<Unit> nouns() {
        int start = cursor.mark();
        StringBuilder phrase = new StringBuilder();
        while (cursor.peek().kind() == Kind.LETTER && cursor.peek().offset() == 0 && phrase.length() < 60) {
            String run = cursor.peek().run();
            if (run.length() < 4 || Units.changesNumbers(run)) {
                break;
            }
            cursor.skip(run.length());
            phrase.append(run).append(' ');
        }
        if (phrase.isEmpty() || !cursor.atEnd() && !cursor.at(".")) {
            cursor.reset(start);
            return Optional.empty();
        }
        return Units.phrase(phrase.toString(), true);
    }

    /** The value with a unit; of a quantity, with both units. */
    static Node quantity(Node value, Unit unit) {
        return value instanceof Node.Quantity(Node inner, Unit first)
                ? new Node.Quantity(inner, first.times(unit))
                : new Node.Quantity(value, unit);
    }

    /** A product of which some factors have units has the product of the units. */
    static Node product(List<Node> factors) {
        if (factors.size() == 1) {
            return factors.getFirst();
        }
        Unit unit = null;
        java.util.ArrayList<Node> values = new java.util.ArrayList<>();
        for (Node factor : factors) {
            if (factor instanceof Node.Quantity(Node value, Unit own)) {
                unit = unit == null ? own : unit.times(own);
                values.add(value);
            } else {
                values.add(factor);
            }
        }
        Node product = new Node.Product(List.copyOf(values));
        return unit == null ? product : new Node.Quantity(product, unit);
    }

    /** The negative of a node; of a quantity, of its value. */
    static Node negative(Node node) {
        return node instanceof Node.Quantity(Node value, Unit unit)
                ? new Node.Quantity(Node.negative(value), unit)
                : Node.negative(node);
    }

    /** {@code 30 degrees 15 minutes}: beside degrees a minute is no length of time. */
    static Node.Quantity ofDegrees(Node.Quantity part) {
        Unit unit = part.unit();
        boolean time = unit.dimensions().equals(Map.of("time", 1));
        return time && unit.factor().equals(Rational.of(60))
                ? new Node.Quantity(part.value(), Unit.ARC_MINUTE)
                : time && unit.factor().equals(Rational.ONE) ? new Node.Quantity(part.value(), Unit.ARC_SECOND) : part;
    }

    /** {@code 5 ft 6 in}: a second quantity of the same dimension, in the units of the first. */
    static Node.Quantity compound(Node.Quantity first, Node.Quantity second) {
        Rational ratio = second.unit().factor().over(first.unit().factor());
        return new Node.Quantity(
                Node.sum(first.value(), Node.product(new Node.Num(ratio), second.value())), first.unit());
    }
}
