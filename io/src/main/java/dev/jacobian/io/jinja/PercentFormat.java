// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.List;

/** {@code format % values}. */
final class PercentFormat {
    private final String format;
    private final Session session;
    private final Value given;
    private final List<Value> values;
    private int used;
    private int at;
    private final StringBuilder out = new StringBuilder();

    private PercentFormat(String format, Value given, Session session) {
        this.format = format;
        this.session = session;
        this.given = given;
        this.values = given instanceof Value.Tuple tuple ? tuple.items() : List.of(given);
    }

    static String format(String format, Value values, Session session) {
        PercentFormat percent = new PercentFormat(format, values, session);
        percent.run();
        return percent.out.toString();
    }

    private void run() {
        while (at < format.length()) {
            int next = format.indexOf('%', at);
            int end = next < 0 ? format.length() : next;
            session.meter().make(end - at);
            out.append(format, at, end);
            at = end + 1;
            if (next >= 0) {
                conversion();
            }
        }
        if (used < values.size() && !hasItems(given)) {
            throw JinjaException.operation("not all arguments converted during string formatting");
        }
    }

    /** Whether Python takes it for a mapping, of which nothing need be used. */
    private static boolean hasItems(Value value) {
        return switch (value) {
            case Value.Items l -> true;
            case Value.Dict d -> true;
            case Value.Range r -> true;
            case Value.Undefined u -> true;
            default -> false;
        };
    }

    private char next() {
        if (at >= format.length()) {
            throw JinjaException.operation("incomplete format");
        }
        return format.charAt(at++);
    }

    private void conversion() {
        Value keyed = null;
        char c = next();
        if (c == '(') {
            int end = format.indexOf(')', at);
            if (!(given instanceof Value.Dict dict) || end < 0) {
                throw JinjaException.operation(end < 0 ? "incomplete format key" : "format requires a mapping");
            }
            String key = format.substring(at, end);
            keyed = dict.entries().get(new Value.Str(key));
            if (keyed == null) {
                throw JinjaException.operation("KeyError: " + PythonText.repr(key));
            }
            at = end + 1;
            c = next();
        }
        StringBuilder flags = new StringBuilder();
        while ("-+ #0".indexOf(c) >= 0) {
            flags.append(c);
            c = next();
        }
        int width = 0;
        if (c == '*') {
            width = number(argument());
            c = next();
        } else {
            while (c >= '0' && c <= '9') {
                width = digit(width, c);
                c = next();
            }
        }
        int precision = -1;
        if (c == '.') {
            precision = 0;
            c = next();
            if (c == '*') {
                precision = Math.max(0, number(argument()));
                c = next();
            } else {
                while (c >= '0' && c <= '9') {
                    precision = digit(precision, c);
                    c = next();
                }
            }
        }
        while (c == 'h' || c == 'l' || c == 'L') {
            c = next();
        }
        if (c == '%') {
            out.append('%');
            return;
        }
        append(keyed != null ? keyed : argument(), c, flags.toString(), width, precision);
    }

    private static int digit(int value, char c) {
        return Math.min(value * 10 + (c - '0'), Integer.MAX_VALUE / 16);
    }

    private static int number(Value value) {
        if (value instanceof Value.Numeric number && number.isInteger()) {
            return Arguments.clamped(number.integer());
        }
        throw JinjaException.operation("* wants int");
    }

    private Value argument() {
        if (used >= values.size()) {
            throw JinjaException.operation("not enough arguments for format string");
        }
        return values.get(used++);
    }

    private void append(Value value, char type, String flags, int width, int precision) {
        boolean alternate = flags.indexOf('#') >= 0;
        String sign = "";
        String body;
        boolean numeric = true;
        switch (type) {
            case 's', 'r', 'a' -> {
                String text = type == 's' ? session.text(value) : PythonText.repr(value, session.meter());
                boolean cut = precision >= 0 && precision < text.codePointCount(0, text.length());
                body = cut ? text.substring(0, text.offsetByCodePoints(0, precision)) : text;
                numeric = false;
            }
            case 'c' -> {
                body = value instanceof Value.Str string
                        ? string.text()
                        : Character.toString(Math.clamp(number(value), 0, Character.MAX_CODE_POINT));
                numeric = false;
            }
            case 'd', 'i', 'u', 'x', 'X', 'o' -> {
                BigInteger integer = integer(value, type);
                sign = sign(integer.signum() < 0, flags);
                body = NumberFormat.integer(integer, type, false);
                session.meter().make(Math.max(0, precision));
                body = "0".repeat(Math.max(0, precision - body.length())) + body;
                sign += alternate && "xXo".indexOf(type) >= 0 ? "0" + type : "";
            }
            case 'e', 'E', 'f', 'F', 'g', 'G' -> {
                double number = real(value);
                sign = sign(number < 0 || number == 0 && 1 / number < 0, flags);
                body = NumberFormat.real(number, type, precision < 0 ? 6 : precision, alternate);
            }
            default -> throw JinjaException.operation("unsupported format character '" + type + "'");
        }
        int missing = Math.max(0, Math.abs(width) - body.codePointCount(0, body.length()) - sign.length());
        session.meter().make((long) missing + body.length() + sign.length());
        if (width < 0 || flags.indexOf('-') >= 0) {
            out.append(sign).append(body).repeat(' ', missing);
        } else if (numeric && flags.indexOf('0') >= 0) {
            out.append(sign).repeat('0', missing).append(body);
        } else {
            out.repeat(' ', missing).append(sign).append(body);
        }
    }

    private static String sign(boolean negative, String flags) {
        return negative ? "-" : flags.indexOf('+') >= 0 ? "+" : flags.indexOf(' ') >= 0 ? " " : "";
    }

    private static BigInteger integer(Value value, char type) {
        if (value instanceof Value.Numeric number && number.isInteger()) {
            return number.integer();
        }
        if (value instanceof Value.Real(double number) && Double.isFinite(number) && "diu".indexOf(type) >= 0) {
            return new BigDecimal(number).toBigInteger();
        }
        throw JinjaException.operation("%" + type + " format: a number is required, not " + PythonText.typeName(value));
    }

    private static double real(Value value) {
        if (value instanceof Value.Numeric number) {
            return number.real();
        }
        throw JinjaException.operation("must be real number, not " + PythonText.typeName(value));
    }
}
