// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Filters of numbers. */
final class NumberFilters {
    static final Map<String, Filters.Filter> ALL = Map.of(
            "int", NumberFilters::toInteger,
            "float", NumberFilters::toReal,
            "abs", NumberFilters::absolute,
            "round", NumberFilters::round,
            "filesizeformat", NumberFilters::fileSize);

    private NumberFilters() {}

    private static Value toInteger(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("default", "base");
        Value fallback = arguments.find("default").orElse(Value.Int.of(0));
        return switch (input) {
            case Value.Numeric number when number.isInteger() -> new Value.Int(number.integer());
            case Value.Real(double number) -> Double.isFinite(number) ? truncated(number) : fallback;
            case Value.Str string ->
                integer(string.text(), arguments.integer("base", 10))
                        .or(() -> real(string.text()).filter(Double::isFinite).map(NumberFilters::truncated))
                        .orElse(fallback);
            case Value.Undefined undefined -> throw undefined.failure();
            default -> fallback;
        };
    }

    private static Value truncated(double number) {
        return new Value.Int(new BigDecimal(number).toBigInteger());
    }

    private static Optional<Value> integer(String text, int base) {
        String digits = plain(text).toLowerCase(Locale.ROOT);
        String sign = digits.startsWith("-") ? "-" : "";
        digits = digits.startsWith("-") || digits.startsWith("+") ? digits.substring(1) : digits;
        String prefix = base == 16 ? "0x" : base == 8 ? "0o" : base == 2 ? "0b" : "";
        digits = !prefix.isEmpty() && digits.startsWith(prefix) ? digits.substring(2) : digits;
        boolean wellFormed = !digits.isEmpty()
                && digits.length() <= 4300
                && base >= 2
                && base <= 36
                && digits.chars().allMatch(c -> c < 128 && Character.digit(c, base) >= 0);
        return wellFormed ? Optional.of(Meter.integer(new BigInteger(sign + digits, base))) : Optional.empty();
    }

    /** Without whitespace around, and without single underscores between digits. */
    private static String plain(String text) {
        return StringMethods.stripped(text, Optional.empty(), true, true)
                .replaceAll("(?<=[0-9a-zA-Z])_(?=[0-9a-zA-Z])", "");
    }

    private static Optional<Double> real(String text) {
        String number = plain(text).toLowerCase(Locale.ROOT);
        boolean digits = number.length() <= 5000 && number.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)(e[+-]?\\d+)?");
        if (digits) {
            return Optional.of(Double.parseDouble(number));
        }
        String name = number.replaceFirst("^[+-]", "");
        double size = name.equals("nan") ? Double.NaN : Double.POSITIVE_INFINITY;
        boolean known = name.equals("nan") || name.equals("inf") || name.equals("infinity");
        return known ? Optional.of(number.startsWith("-") ? -size : size) : Optional.empty();
    }

    private static Value toReal(Session session, Value input, Arguments given) {
        Value fallback = given.bind("default").find("default").orElse(new Value.Real(0));
        return switch (input) {
            case Value.Numeric number -> new Value.Real(number.real());
            case Value.Str string ->
                real(string.text()).<Value>map(Value.Real::new).orElse(fallback);
            case Value.Undefined undefined -> throw undefined.failure();
            default -> fallback;
        };
    }

    private static Value absolute(Session session, Value input, Arguments arguments) {
        arguments.bind();
        Value.Numeric number = number(input);
        return number.isInteger() ? new Value.Int(number.integer().abs()) : new Value.Real(Math.abs(number.real()));
    }

    private static Value.Numeric number(Value input) {
        if (input instanceof Value.Numeric number) {
            return number;
        }
        throw input instanceof Value.Undefined undefined
                ? undefined.failure()
                : JinjaException.operation("a number is needed, not " + PythonText.typeName(input));
    }

    private static Value round(Session session, Value input, Arguments given) {
        Arguments arguments = given.bind("precision", "method");
        int precision = Math.clamp(arguments.integer("precision", 0), -400, 400);
        Value.Numeric number = number(input);
        RoundingMode mode = switch (arguments.string("method", "common")) {
            case "common" -> RoundingMode.HALF_EVEN;
            case "ceil" -> RoundingMode.CEILING;
            case "floor" -> RoundingMode.FLOOR;
            default -> throw JinjaException.operation("method must be common, ceil or floor");
        };
        if (number.isInteger() && mode == RoundingMode.HALF_EVEN) {
            BigDecimal rounded = new BigDecimal(number.integer()).setScale(Math.min(precision, 0), mode);
            return new Value.Int(rounded.toBigInteger());
        }
        if (!Double.isFinite(number.real())) {
            return number;
        }
        if (mode == RoundingMode.HALF_EVEN) {
            double rounded =
                    new BigDecimal(number.real()).setScale(precision, mode).doubleValue();
            return new Value.Real(Math.copySign(rounded, number.real()));
        }
        double scale = Math.pow(10, precision); // as Jinja does it, with the roundings of floating point
        double scaled = number.real() * scale;
        return new Value.Real((mode == RoundingMode.CEILING ? Math.ceil(scaled) : Math.floor(scaled)) / scale);
    }

    private static Value fileSize(Session session, Value input, Arguments given) {
        boolean binary = given.bind("binary").truth("binary", false);
        if (!(toReal(session, input, Arguments.of("float", Value.None.NONE)) instanceof Value.Real size)) {
            throw JinjaException.operation("filesizeformat needs a number, not " + PythonText.typeName(input));
        }
        double bytes = size.value();
        int base = binary ? 1024 : 1000;
        String[] units = binary
                ? new String[] {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"}
                : new String[] {"kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"};
        if (bytes == 1) {
            return new Value.Str("1 Byte");
        }
        if (bytes < base) {
            return new Value.Str(new BigDecimal(bytes).toBigInteger() + " Bytes");
        }
        int unit = 0;
        double scaled = bytes / base;
        while (scaled >= base && unit + 1 < units.length) {
            scaled /= base;
            unit++;
        }
        return new Value.Str(NumberFormat.real(scaled, 'f', 1, false) + " " + units[unit]);
    }
}
