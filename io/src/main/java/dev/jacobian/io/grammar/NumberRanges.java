// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.io.grammar.Regex.Characters;
import dev.jacobian.io.grammar.Regex.Repeat;
import dev.jacobian.tensor.Nullable;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Numbers of JSON between bounds, as expressions over their digits.
 *
 * <p>Decisions: an integer has no sign when it is 0, no exponent and no fraction, and up to {@value #DIGITS} digits unless its bounds
 * ask for more, so that it fits a {@code long}. Another number has up to 15 digits before and 15 behind the point, and an exponent of up to two digits when it
 * has no bounds. So a number always ends.
 */
final class NumberRanges {
    private static final int DIGITS = 18;
    private static final int FRACTION_DIGITS = 15;

    private static final Regex ANY_INTEGER = RegexParser.parse("0|-?[1-9][0-9]{0,17}", "integer");
    /** Without bounds. */
    static final Regex ANY_NUMBER =
            RegexParser.parse("-?(?:0|[1-9][0-9]{0,14})(?:\\.[0-9]{1,15})?(?:[eE][+-]?[0-9]{1,2})?", "number");

    private static final Regex DIGIT = new Characters(CharacterClasses.DIGIT);
    private static final Map<List<Integer>, Regex> REPEATED = new ConcurrentHashMap<>();

    private NumberRanges() {}

    /**
     * A bound of numbers.
     *
     * @param exclusive whether the value itself is outside
     */
    record Bound(BigDecimal value, boolean exclusive) {}

    /** Integers from one bound to the other, each there or null; null if there are none. */
    @Nullable
    static Regex integers(@Nullable Bound low, @Nullable Bound high) {
        if (low == null && high == null) {
            return ANY_INTEGER;
        }
        BigInteger first = low == null ? null : ceiling(low);
        BigInteger last = high == null ? null : floor(high);
        BigInteger most = BigInteger.TEN.pow(DIGITS).subtract(BigInteger.ONE);
        if (first == null) {
            first = most.negate().min(last);
        }
        if (last == null) {
            last = most.max(first);
        }
        return integers(first, last);
    }

    private static BigInteger ceiling(Bound low) {
        BigInteger value = low.value().setScale(0, RoundingMode.CEILING).toBigInteger();
        boolean hit = low.exclusive() && low.value().compareTo(new BigDecimal(value)) == 0;
        return hit ? value.add(BigInteger.ONE) : value;
    }

    private static BigInteger floor(Bound high) {
        return ceiling(new Bound(high.value().negate(), high.exclusive())).negate();
    }

    @Nullable
    private static Regex integers(BigInteger first, BigInteger last) {
        if (first.compareTo(last) > 0) {
            return null;
        }
        List<Regex> ways = new ArrayList<>();
        if (first.signum() < 0) {
            BigInteger nearest = last.signum() < 0 ? last.negate() : BigInteger.ONE;
            ways.add(Regex.sequence(Regex.text("-"), naturals(nearest, first.negate())));
        }
        if (last.signum() >= 0) {
            ways.add(naturals(first.max(BigInteger.ZERO), last));
        }
        return new Regex.Choice(ways);
    }

    /** Numbers without a sign, by their number of digits. */
    private static Regex naturals(BigInteger first, BigInteger last) {
        List<Regex> ways = new ArrayList<>();
        String low = first.toString();
        String high = last.toString();
        for (int digits = low.length(); digits <= high.length(); digits++) {
            String from = digits == low.length() ? low : "1" + "0".repeat(digits - 1);
            String to = digits == high.length() ? high : "9".repeat(digits);
            ways.add(between(from, to));
        }
        return new Regex.Choice(ways);
    }

    /** Strings of digits of one length from one to another. */
    private static Regex between(String from, String to) {
        int same = 0;
        while (same < from.length() && from.charAt(same) == to.charAt(same)) {
            same++;
        }
        if (same == from.length()) {
            return Regex.text(from);
        }
        List<Regex> ways = new ArrayList<>();
        int more = from.length() - same - 1;
        ways.add(Regex.sequence(Regex.text(from.substring(same, same + 1)), atLeast(from.substring(same + 1))));
        if (from.charAt(same) + 1 < to.charAt(same)) {
            ways.add(Regex.sequence(digits(from.charAt(same) + 1, to.charAt(same) - 1), repeated(more, more)));
        }
        ways.add(Regex.sequence(Regex.text(to.substring(same, same + 1)), atMost(to.substring(same + 1))));
        return Regex.sequence(Regex.text(from.substring(0, same)), new Regex.Choice(ways));
    }

    private static Regex atLeast(String from) {
        return ordered(from, '9', 1);
    }

    private static Regex atMost(String to) {
        return ordered(to, '0', -1);
    }

    /** Strings of as many digits that are the same or leave it first towards a digit. */
    private static Regex ordered(String bound, char end, int direction) {
        Regex rest = Regex.EMPTY;
        for (int i = bound.length() - 1; i >= 0; i--) {
            int digit = bound.charAt(i);
            Regex same = Regex.sequence(Regex.text(Character.toString(digit)), rest);
            int more = bound.length() - i - 1;
            rest = digit == end
                    ? same
                    : Regex.choice(
                            same,
                            Regex.sequence(
                                    direction > 0 ? digits(digit + 1, end) : digits(end, digit - 1),
                                    repeated(more, more)));
        }
        return rest;
    }

    private static Regex digits(int from, int to) {
        return new Characters(CodePointSet.range(from, to));
    }

    /** Any digits, always the same object for the same numbers: what follows them alike is written once. */
    private static Regex repeated(int least, int most) {
        return REPEATED.computeIfAbsent(List.of(least, most), counts -> new Repeat(DIGIT, least, most));
    }

    // Other numbers

    /** Numbers from one bound to the other, each there or null; null if there are none. */
    @Nullable
    static Regex numbers(@Nullable Bound low, @Nullable Bound high) {
        if (low == null && high == null) {
            return ANY_NUMBER;
        }
        List<Regex> ways = new ArrayList<>();
        if (low == null || low.value().signum() < 0) {
            // Mirrored; zero is written without a sign.
            Bound nearest =
                    high != null && high.value().signum() < 0 ? mirrored(high) : new Bound(BigDecimal.ZERO, true);
            Regex magnitude = magnitudes(nearest, low == null ? null : mirrored(low));
            if (magnitude != null) {
                ways.add(Regex.sequence(Regex.text("-"), magnitude));
            }
        }
        if (high == null || high.value().signum() >= 0) {
            Bound zero = new Bound(BigDecimal.ZERO, false);
            Regex magnitude = magnitudes(low != null && low.value().signum() >= 0 ? low : zero, high);
            if (magnitude != null) {
                ways.add(magnitude);
            }
        }
        return ways.isEmpty() ? null : new Regex.Choice(ways);
    }

    private static Bound mirrored(Bound bound) {
        return new Bound(bound.value().negate(), bound.exclusive());
    }

    /** Numbers without a sign or an exponent; null if there are none. */
    @Nullable
    private static Regex magnitudes(Bound low, @Nullable Bound high) {
        if (high != null && low.value().compareTo(high.value()) > 0) {
            return null;
        }
        BigInteger first = low.value().toBigInteger(); // rounds down: nothing is negative here
        BigInteger most = BigInteger.TEN.pow(FRACTION_DIGITS).subtract(BigInteger.ONE);
        BigInteger last = high == null
                ? most.max(first.add(BigInteger.ONE))
                : high.value().toBigInteger();
        Fractions fractions = Fractions.between(low, high);
        List<Regex> ways = new ArrayList<>();
        if (first.equals(last)) {
            addNumbers(ways, first, first, fractions.behindPoint(true, high != null));
        } else {
            addNumbers(ways, first, first, fractions.behindPoint(true, false));
            addNumbers(
                    ways,
                    first.add(BigInteger.ONE),
                    last.subtract(BigInteger.ONE),
                    fractions.behindPoint(false, false));
            addNumbers(ways, last, last, fractions.behindPoint(false, high != null));
        }
        return ways.isEmpty() ? null : new Regex.Choice(ways);
    }

    private static void addNumbers(List<Regex> ways, BigInteger first, BigInteger last, @Nullable Regex fraction) {
        if (fraction != null && first.compareTo(last) <= 0) {
            ways.add(Regex.sequence(naturals(first, last), fraction));
        }
    }

    /**
     * What may stand behind the whole numbers of two bounds: digits compared one by one. As long as they are those of a bound, the
     * bound decides about the next one.
     *
     * @param low digits of the lower bound's fraction, as many as of the upper one's
     * @param lowOpen whether the lower bound itself is outside
     */
    private record Fractions(String low, boolean lowOpen, String high, boolean highOpen) {
        static Fractions between(Bound low, @Nullable Bound high) {
            String lowDigits = digits(low.value());
            String highDigits = high == null ? "" : digits(high.value());
            int length = Math.max(lowDigits.length(), highDigits.length());
            return new Fractions(
                    lowDigits + "0".repeat(length - lowDigits.length()),
                    low.exclusive(),
                    highDigits + "0".repeat(length - highDigits.length()),
                    high != null && high.exclusive());
        }

        private static String digits(BigDecimal value) {
            String plain = value.stripTrailingZeros().toPlainString();
            int point = plain.indexOf('.');
            return point < 0 ? "" : plain.substring(point + 1);
        }

        /**
         * A point and digits, or nothing where that is allowed; null if neither is.
         *
         * @param atLow whether the whole number is the lower bound's
         * @param atHigh whether it is the upper bound's
         */
        @Nullable
        Regex behindPoint(boolean atLow, boolean atHigh) {
            Regex digits = from(0, atLow, atHigh);
            boolean none = mayEnd(0, atLow, atHigh);
            if (digits == null) {
                return none ? Regex.EMPTY : null;
            }
            Regex fraction = Regex.sequence(Regex.text("."), digits);
            return none ? Regex.optional(fraction) : fraction;
        }

        /** Whether the digits may end here: zeros behind them change nothing. */
        private boolean mayEnd(int i, boolean atLow, boolean atHigh) {
            int lowRest = compareRest(low, i);
            int highRest = compareRest(high, i);
            return (!atLow || lowRest == 0 && !lowOpen) && (!atHigh || highRest > 0 || !highOpen);
        }

        private static int compareRest(String digits, int from) {
            return digits.substring(from).chars().anyMatch(c -> c != '0') ? 1 : 0;
        }

        /** Digits from the i-th on, at least one if it is the first; null if there are none. */
        @Nullable
        private Regex from(int i, boolean atLow, boolean atHigh) {
            if (!atLow && !atHigh) {
                return NumberRanges.repeated(i == 0 ? 1 : 0, FRACTION_DIGITS);
            }
            if (i == low.length()) {
                return behindBounds(i == 0 ? 1 : 0, atLow, atHigh);
            }
            int lowest = atLow ? low.charAt(i) : '0';
            int highest = atHigh ? high.charAt(i) : '9';
            List<Regex> ways = new ArrayList<>();
            for (int digit = lowest; digit <= highest; digit++) {
                boolean stillLow = atLow && digit == lowest;
                boolean stillHigh = atHigh && digit == highest;
                int same = digit;
                while (!stillLow && !stillHigh && digit + 1 <= highest - (atHigh ? 1 : 0)) {
                    digit++;
                }
                Regex rest = from(i + 1, stillLow, stillHigh);
                if (rest != null) {
                    ways.add(Regex.sequence(NumberRanges.digits(same, digit), rest));
                }
            }
            if (i > 0 && mayEnd(i, atLow, atHigh)) {
                ways.add(Regex.EMPTY);
            }
            return ways.isEmpty() ? null : new Regex.Choice(ways);
        }

        /** Digits behind all of a bound's own. */
        @Nullable
        private Regex behindBounds(int least, boolean atLow, boolean atHigh) {
            if (atHigh) {
                boolean hit = !highOpen && !(atLow && lowOpen);
                return hit ? new Repeat(Regex.text("0"), least, FRACTION_DIGITS) : null;
            }
            return lowOpen
                    ? Regex.sequence(
                            new Repeat(Regex.text("0"), 0, FRACTION_DIGITS - 1),
                            NumberRanges.digits('1', '9'),
                            NumberRanges.repeated(0, FRACTION_DIGITS - 1))
                    : NumberRanges.repeated(least, FRACTION_DIGITS);
        }
    }
}
