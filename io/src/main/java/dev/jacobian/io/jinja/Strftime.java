// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.time.LocalDateTime;
import java.time.temporal.ChronoUnit;
import java.time.temporal.IsoFields;

/** {@code datetime.strftime} in the C locale, with the GNU flag {@code -} for no padding. */
final class Strftime {
    private Strftime() {}

    static String format(LocalDateTime time, String format) {
        StringBuilder out = new StringBuilder();
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            if (c != '%' || i + 1 == format.length()) {
                out.append(c);
                continue;
            }
            char directive = format.charAt(++i);
            boolean unpadded = directive == '-' && i + 1 < format.length();
            if (unpadded) {
                directive = format.charAt(++i);
            }
            String text = directive(time, directive);
            out.append(unpadded && text.matches("[0 ]+\\d+") ? text.replaceFirst("^[0 ]+(?=\\d)", "") : text);
        }
        return out.toString();
    }

    private static String directive(LocalDateTime time, char directive) {
        int week = time.getDayOfYear() + 6;
        return switch (directive) {
            case 'Y' -> String.valueOf(time.getYear());
            case 'C' -> two(time.getYear() / 100);
            case 'y' -> two(time.getYear() % 100);
            case 'm' -> two(time.getMonthValue());
            case 'd' -> two(time.getDayOfMonth());
            case 'e' -> "%2d".formatted(time.getDayOfMonth());
            case 'H' -> two(time.getHour());
            case 'I' -> two((time.getHour() + 11) % 12 + 1);
            case 'k' -> "%2d".formatted(time.getHour());
            case 'l' -> "%2d".formatted((time.getHour() + 11) % 12 + 1);
            case 'M' -> two(time.getMinute());
            case 'S' -> two(time.getSecond());
            case 'f' -> "%06d".formatted(time.getNano() / 1000);
            case 'p' -> time.getHour() < 12 ? "AM" : "PM";
            case 'P' -> time.getHour() < 12 ? "am" : "pm";
            case 'j' -> "%03d".formatted(time.getDayOfYear());
            case 'B' -> named(time.getMonth());
            case 'b', 'h' -> named(time.getMonth()).substring(0, 3);
            case 'A' -> named(time.getDayOfWeek());
            case 'a' -> named(time.getDayOfWeek()).substring(0, 3);
            case 'u' -> String.valueOf(time.getDayOfWeek().getValue());
            case 'w' -> String.valueOf(time.getDayOfWeek().getValue() % 7);
            case 'U' -> two((week - time.getDayOfWeek().getValue() % 7) / 7);
            case 'W' -> two((week - (time.getDayOfWeek().getValue() - 1)) / 7);
            case 'V' -> two(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR));
            case 'G' -> String.valueOf(time.get(IsoFields.WEEK_BASED_YEAR));
            case 'D', 'x' -> format(time, "%m/%d/%y");
            case 'F' -> format(time, "%Y-%m-%d");
            case 'T', 'X' -> format(time, "%H:%M:%S");
            case 'R' -> format(time, "%H:%M");
            case 'r' -> format(time, "%I:%M:%S %p");
            case 'c' -> format(time, "%a %b %e %H:%M:%S %Y");
            case 's' -> String.valueOf(ChronoUnit.SECONDS.between(LocalDateTime.of(1970, 1, 1, 0, 0), time));
            case 'n' -> "\n";
            case 't' -> "\t";
            case 'z', 'Z' -> ""; // a time without a zone has neither
            case '%' -> "%";
            default -> "%" + directive;
        };
    }

    private static String named(Enum<?> monthOrDay) {
        return StringMethods.capitalized(monthOrDay.name());
    }

    private static String two(int number) {
        return "%02d".formatted(number);
    }
}
