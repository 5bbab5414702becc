// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.tensor.Nullable;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Times of day and dates. */
final class Calendar {

    private static final Pattern CLOCK = Pattern.compile(
            "(\\d{1,2}):(\\d{2})(?::(\\d{2}))?\\s*((?:a|p)\\.?\\s?m\\.{0,2}|noon|midnight|o'clock|hours|h|uhr)?",
            Pattern.CASE_INSENSITIVE);
    private static final Pattern HOUR =
            Pattern.compile("(\\d{1,2})\\s*((?:a|p)\\.?\\s?m\\.{0,2}|o'clock)", Pattern.CASE_INSENSITIVE);
    private static final List<String> MONTHS =
            List.of("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
    private static final List<String> FULL_MONTHS = List.of(
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december");
    private static final String WEEKDAY =
            "(?:(?:mon|tues?|wednes|thurs?|fri|satur|sun)(?:day)?\\.?,?\\s+)?(?:the\\s+)?";
    private static final Pattern MONTH_FIRST = Pattern.compile(
            WEEKDAY + "([a-z]{3,9})\\.?\\s+(?:the\\s+)?(\\d{1,2})(?:st|nd|rd|th)?(?:\\s*,?\\s+(\\d{4}))?");
    private static final Pattern DAY_FIRST = Pattern.compile(
            WEEKDAY + "(\\d{1,2})(?:st|nd|rd|th)?\\.?\\s+(?:of\\s+)?([a-z]{3,9})\\.?(?:\\s*,?\\s+(\\d{4}))?");
    private static final Pattern MONTH_YEAR = Pattern.compile("([a-z]{3,9})\\.?,?\\s+(\\d{4})");
    private static final Pattern ISO = Pattern.compile("(\\d{4})[-/.](\\d{1,2})[-/.](\\d{1,2})");
    private static final Pattern AMERICAN = Pattern.compile("(\\d{1,2})/(\\d{1,2})/(\\d{4})");
    private static final Pattern CHINESE = Pattern.compile("(?:(\\d{4})\\s*年)?\\s*(\\d{1,2})\\s*月\\s*(\\d{1,2})\\s*日");

    private Calendar() {}

    /** The time of day that a text without LaTeX says. */
    static Optional<Node> clock(String text) {
        if (text.equalsIgnoreCase("noon") || text.equalsIgnoreCase("midnight")) {
            return clock(12, 0, 0, half(text));
        }
        Matcher clock = CLOCK.matcher(text);
        if (clock.matches()) {
            int second = clock.group(3) == null ? 0 : Integer.parseInt(clock.group(3));
            return clock(
                    Integer.parseInt(clock.group(1)), Integer.parseInt(clock.group(2)), second, half(clock.group(4)));
        }
        Matcher hour = HOUR.matcher(text);
        return hour.matches() ? clock(Integer.parseInt(hour.group(1)), 0, 0, half(hour.group(2))) : Optional.empty();
    }

    private static int half(@Nullable String name) {
        if (name == null) {
            return 0;
        }
        return switch (name.toLowerCase(Locale.ROOT).charAt(0)) {
            case 'a' -> 1;
            case 'p' -> 2;
            case 'n' -> 2;
            case 'm' -> 1;
            default -> 0;
        };
    }

    private static Optional<Node> clock(int hour, int minute, int second, int half) {
        return hour < 100 && minute < 60 && second < 60
                ? Optional.of(new Node.Clock(hour, minute, second, half))
                : Optional.empty();
    }

    /** The date that a text without LaTeX says. */
    static Optional<Node> day(String text) {
        if (text.length() > 60) {
            return Optional.empty();
        }
        String lower = text.toLowerCase(Locale.ROOT);
        Matcher matcher = MONTH_FIRST.matcher(lower);
        if (matcher.matches()) {
            return day(matcher.group(3), month(matcher.group(1)), matcher.group(2));
        }
        matcher = DAY_FIRST.matcher(lower);
        if (matcher.matches()) {
            return day(matcher.group(3), month(matcher.group(2)), matcher.group(1));
        }
        matcher = MONTH_YEAR.matcher(lower);
        if (matcher.matches()) {
            return day(matcher.group(2), month(matcher.group(1)), null);
        }
        matcher = ISO.matcher(lower);
        if (matcher.matches()) {
            return day(matcher.group(1), Integer.parseInt(matcher.group(2)), matcher.group(3));
        }
        matcher = AMERICAN.matcher(lower);
        if (matcher.matches()) {
            return day(matcher.group(3), Integer.parseInt(matcher.group(1)), matcher.group(2));
        }
        matcher = CHINESE.matcher(lower);
        return matcher.matches()
                ? day(matcher.group(1), Integer.parseInt(matcher.group(2)), matcher.group(3))
                : Optional.empty();
    }

    private static Optional<Node> day(@Nullable String year, int month, @Nullable String day) {
        int number = day == null ? 0 : Integer.parseInt(day);
        return month < 1 || month > 12 || number > 31
                ? Optional.empty()
                : Optional.of(new Node.Day(year == null ? 0 : Integer.parseInt(year), month, number));
    }

    private static int month(String name) {
        int full = FULL_MONTHS.indexOf(name);
        return 1 + (full >= 0 ? full : MONTHS.indexOf(name.equals("sept") ? "sep" : name));
    }
}
