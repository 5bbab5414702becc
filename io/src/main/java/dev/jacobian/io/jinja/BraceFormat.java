// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.math.BigInteger;

/** {@code str.format}: fields in braces with a name or a place, attributes, a conversion and a format specification. */
final class BraceFormat {
    private final String format;
    private final Arguments arguments;
    private final Session session;
    private final StringBuilder out = new StringBuilder();
    private int automatic;

    private BraceFormat(String format, Arguments arguments, Session session) {
        this.format = format;
        this.arguments = arguments;
        this.session = session;
    }

    static String format(String format, Arguments arguments, Session session) {
        BraceFormat brace = new BraceFormat(format, arguments, session);
        brace.run();
        return brace.out.toString();
    }

    private void run() {
        for (int i = 0; i < format.length(); i++) {
            char c = format.charAt(i);
            boolean doubled = i + 1 < format.length() && format.charAt(i + 1) == c;
            if ((c == '{' || c == '}') && doubled) {
                out.append(c);
                i++;
            } else if (c == '{') {
                int end = end(i + 1);
                field(format.substring(i + 1, end));
                i = end;
            } else if (c == '}') {
                throw JinjaException.operation("Single '}' encountered in format string");
            } else {
                out.append(c);
            }
        }
        session.meter().make(format.length());
    }

    /** The brace that closes a field. */
    private int end(int from) {
        int depth = 1;
        for (int i = from; i < format.length(); i++) {
            depth += format.charAt(i) == '{' ? 1 : format.charAt(i) == '}' ? -1 : 0;
            if (depth == 0) {
                return i;
            }
        }
        throw JinjaException.operation("expected '}' before end of string");
    }

    private void field(String field) {
        int colon = field.indexOf(':');
        String head = colon < 0 ? field : field.substring(0, colon);
        String specification = colon < 0 ? "" : field.substring(colon + 1);
        int bang = head.indexOf('!');
        Value value = value(bang < 0 ? head : head.substring(0, bang));
        if (bang >= 0) {
            value = new Value.Str(
                    switch (head.substring(bang + 1)) {
                        case "s" -> session.text(value);
                        case "r", "a" -> PythonText.repr(value, session.meter());
                        default ->
                            throw JinjaException.operation("Unknown conversion specifier " + head.substring(bang));
                    });
        }
        if (specification.indexOf('{') >= 0) { // a width that is an argument itself
            StringBuilder resolved = new StringBuilder();
            for (int i = 0; i < specification.length(); i++) {
                int end = specification.charAt(i) == '{' ? specification.indexOf('}', i) : -1;
                if (end < 0) {
                    resolved.append(specification.charAt(i));
                } else {
                    resolved.append(session.text(value(specification.substring(i + 1, end))));
                    i = end;
                }
            }
            specification = resolved.toString();
        }
        out.append(formatted(value, specification));
    }

    private Value value(String path) {
        int end = 0;
        while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
            end++;
        }
        Value value = first(path.substring(0, end));
        int at = end;
        while (at < path.length()) {
            boolean dot = path.charAt(at) == '.';
            int next = at + 1;
            while (next < path.length()
                    && (dot ? path.charAt(next) != '.' && path.charAt(next) != '[' : path.charAt(next) != ']')) {
                next++;
            }
            String name = path.substring(at + 1, next);
            value = dot ? Attributes.attribute(value, name) : Attributes.item(value, key(name));
            at = dot ? next : next + 1;
        }
        return value;
    }

    private static Value key(String name) {
        boolean number = !name.isEmpty() && name.length() < 10 && name.chars().allMatch(c -> c >= '0' && c <= '9');
        return number ? Value.Int.of(Long.parseLong(name)) : new Value.Str(name);
    }

    private Value first(String name) {
        if (name.isEmpty() || key(name) instanceof Value.Int) {
            int place = name.isEmpty() ? automatic++ : Integer.parseInt(name);
            if (place >= arguments.positional().size()) {
                throw JinjaException.operation(
                        "Replacement index " + place + " out of range for positional args tuple");
            }
            return arguments.positional().get(place);
        }
        Value value = arguments.named().get(name);
        if (value == null) {
            throw JinjaException.operation("KeyError: " + PythonText.repr(name));
        }
        return value;
    }

    /** {@code [[fill]align][sign][#][0][width][grouping][.precision][type]}. */
    private String formatted(Value value, String specification) {
        if (specification.isEmpty()) {
            String text = session.text(value);
            session.meter().make(text.length());
            return text;
        }
        Cursor at = new Cursor(specification);
        String fill = " ";
        char align = 0;
        int width1 = specification.offsetByCodePoints(0, 1);
        if (width1 < specification.length() && "<>=^".indexOf(specification.charAt(width1)) >= 0) {
            fill = specification.substring(0, width1);
            align = specification.charAt(width1);
            at.index = width1 + 1;
        } else if ("<>=^".indexOf(specification.charAt(0)) >= 0) {
            align = at.take();
        }
        char sign = "+- ".indexOf(at.peek()) >= 0 && at.peek() != 0 ? at.take() : '-';
        boolean alternate = at.skip('#');
        if (at.skip('0') && align == 0) {
            fill = "0";
            align = '=';
        }
        int width = at.number(0);
        char grouping = at.peek() == ',' || at.peek() == '_' ? at.take() : 0;
        int precision = at.skip('.') ? at.number(-1) : -1;
        char type = at.peek() == 0 ? 0 : at.take();
        if (at.peek() != 0) {
            throw JinjaException.operation("Invalid format specifier " + PythonText.repr(specification));
        }
        String mark = "";
        String body;
        boolean numeric = value instanceof Value.Numeric;
        if (numeric && type != 's') {
            Value.Numeric number = (Value.Numeric) value;
            boolean negative = number.isInteger()
                    ? number.integer().signum() < 0
                    : number.real() < 0 || number.real() == 0 && 1 / number.real() < 0;
            mark = negative ? "-" : sign == '-' ? "" : String.valueOf(sign);
            body = number(number, type, precision, alternate);
            body = grouping == 0 ? body : NumberFormat.grouped(body, grouping);
        } else {
            if (type != 0 && type != 's') {
                throw JinjaException.operation(
                        "Unknown format code '" + type + "' for object of type '" + PythonText.typeName(value) + "'");
            }
            String text = session.text(value);
            boolean cut = precision >= 0 && precision < text.codePointCount(0, text.length());
            body = cut ? text.substring(0, text.offsetByCodePoints(0, precision)) : text;
        }
        Meter meter = session.meter();
        int length = mark.length() + body.codePointCount(0, body.length());
        meter.make(Math.max(width, length));
        return switch (align == 0 ? numeric ? '>' : '<' : align) {
            case '<' -> StringMethods.padded(mark + body, width, fill, -1, meter);
            case '>' -> StringMethods.padded(mark + body, width, fill, 1, meter);
            case '=' -> mark + StringMethods.padded(body, width - mark.length(), fill, 1, meter);
            default -> {
                int left = Math.max(0, width - length) / 2;
                yield StringMethods.padded(
                        StringMethods.padded(mark + body, length + left, fill, 1, meter), width, fill, -1, meter);
            }
        };
    }

    private static String number(Value.Numeric number, char type, int precision, boolean alternate) {
        return switch (type) {
            case 'd', 'b', 'o', 'x', 'X', 'n' -> {
                if (!number.isInteger()) {
                    throw JinjaException.operation("Unknown format code '" + type + "' for object of type 'float'");
                }
                yield NumberFormat.integer(number.integer(), type, alternate);
            }
            case 'c' -> {
                BigInteger code = number.isInteger() ? number.integer() : BigInteger.valueOf(-1);
                yield Character.toString(Math.clamp(Arguments.clamped(code), 0, Character.MAX_CODE_POINT));
            }
            case '%' -> NumberFormat.real(number.real() * 100, 'f', precision < 0 ? 6 : precision, alternate) + "%";
            case 'e', 'E', 'f', 'F', 'g', 'G' ->
                NumberFormat.real(number.real(), type, precision < 0 ? 6 : precision, alternate);
            case 0 -> {
                if (number.isInteger()) {
                    yield NumberFormat.integer(number.integer(), 'd', false);
                }
                String shortest = PythonText.real(Math.abs(number.real()));
                if (precision < 0) {
                    yield shortest;
                }
                String general = NumberFormat.real(number.real(), 'g', precision, alternate);
                yield general.indexOf('.') < 0 && general.indexOf('e') < 0 ? general + ".0" : general;
            }
            default -> throw JinjaException.operation("Unknown format code '" + type + "' for a number");
        };
    }

    /** A place in a specification. */
    private static final class Cursor {
        private final String text;
        private int index;

        Cursor(String text) {
            this.text = text;
        }

        /** The next character; 0 at the end. */
        char peek() {
            return index < text.length() ? text.charAt(index) : 0;
        }

        char take() {
            return text.charAt(index++);
        }

        boolean skip(char c) {
            boolean found = peek() == c;
            index += found ? 1 : 0;
            return found;
        }

        int number(int fallback) {
            int start = index;
            int value = 0;
            while (peek() >= '0' && peek() <= '9') {
                value = Math.min(value * 10 + (take() - '0'), Integer.MAX_VALUE / 16);
            }
            return index == start ? fallback : value;
        }
    }
}
