// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Unit;
import java.util.List;
import java.util.regex.Pattern;

/** Answers that are compared by what is written: words, times of day, dates, digits in a base. */
final class Marks {

    /** What does not exist or is not defined is the thing that was asked for. */
    private static final Pattern EXISTENCE =
            Pattern.compile("^(?:(?:limit|value|expression|integral|sum|series|function|it|this) )?(?:is )?(?=does"
                    + " not|doesn't|undefined|not defined)");

    private Marks() {}

    static boolean isMark(Node node) {
        return node instanceof Node.Clock || node instanceof Node.Day || node instanceof Node.Numeral;
    }

    static boolean same(Node gold, Node answer) {
        return switch (gold) {
            case Node.Word(String text) ->
                answer instanceof Node.Word(String other)
                                && !text.isEmpty()
                                && common(text).equals(common(other))
                        || answer instanceof Node.Numeral numeral && isDigits(numeral, text);
            case Node.Numeral numeral -> answer instanceof Node.Word(String text) && isDigits(numeral, text);
            case Node.Clock clock -> answer instanceof Node.Clock other && sameTime(clock, other);
            case Node.Day day -> answer instanceof Node.Day other && sameDay(day, other);
            default -> false;
        };
    }

    private static boolean isDigits(Node.Numeral numeral, String text) {
        return numeral.digits().equalsIgnoreCase(text);
    }

    /** One of the words that mean the same. */
    private static String common(String words) {
        return switch (EXISTENCE.matcher(words).replaceFirst("")) {
            case "dne", "does not exist", "undefined", "not defined", "doesn't exist" -> "undefined";
            case "no solution", "no solutions", "none", "no real solutions", "no real solution" -> "no solution";
            case "infinitely many", "infinitely many solutions", "infinite solutions" -> "infinitely many";
            default -> words;
        };
    }

    /** Half of the day may be left out on either side; 14:30 is 2:30 p.m. */
    private static boolean sameTime(Node.Clock a, Node.Clock b) {
        if (a.minute() != b.minute() || a.second() != b.second()) {
            return false;
        }
        if (a.half() == 0 && b.half() == 0) {
            return a.hour() == b.hour();
        }
        if (a.half() != 0 && b.half() != 0) {
            return hour24(a) == hour24(b);
        }
        Node.Clock known = a.half() != 0 ? a : b;
        Node.Clock open = a.half() != 0 ? b : a;
        return open.hour() == known.hour() || open.hour() == hour24(known);
    }

    private static int hour24(Node.Clock clock) {
        return clock.half() == 2 ? clock.hour() % 12 + 12 : clock.half() == 1 ? clock.hour() % 12 : clock.hour();
    }

    /** A year that one side left out is not held against it, if the day is there. */
    private static boolean sameDay(Node.Day a, Node.Day b) {
        return a.month() == b.month() && a.day() == b.day() && a.year() == b.year();
    }

    /** 3:10 as a ratio. */
    static Node ratio(Node node) {
        return node instanceof Node.Clock(int hour, int minute, int second, int half)
                ? new Node.Ratio(List.of(Node.number(hour), Node.number(minute)))
                : node;
    }

    /** 2:30 as a length of time. */
    static Node.Quantity duration(Node.Clock clock) {
        long seconds = clock.hour() * 3600L + clock.minute() * 60L + clock.second();
        return new Node.Quantity(Node.number(seconds), Unit.of("time", Rational.ONE));
    }
}
