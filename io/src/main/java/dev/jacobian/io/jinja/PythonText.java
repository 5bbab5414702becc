// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/** Values as Python prints them: {@code str} for output, {@code repr} inside of containers. */
final class PythonText {
    private final Meter meter;
    private final StringBuilder out = new StringBuilder();
    private int depth; // a namespace can hold itself

    private PythonText(Meter meter) {
        this.meter = meter;
    }

    /** What is written to the output. */
    static String str(Value value, Meter meter) {
        return switch (value) {
            case Value.Str string -> string.text();
            case Value.Undefined u -> "";
            default -> repr(value, meter);
        };
    }

    /** The form that shows the type. */
    static String repr(Value value, Meter meter) {
        meter.make(value.extent().weight());
        PythonText text = new PythonText(meter);
        text.append(value);
        return text.out.toString();
    }

    private void append(Value value) {
        switch (value) {
            case Value.None n -> out.append("None");
            case Value.Bool(boolean truth) -> out.append(truth ? "True" : "False");
            case Value.Int integer -> out.append(integer.value());
            case Value.Real(double number) -> out.append(real(number));
            case Value.Str string -> {
                out.append(string.safe() ? "Markup(" : "");
                append(string.text());
                out.append(string.safe() ? ")" : "");
            }
            case Value.Items list -> separated("[", list.items(), "]");
            case Value.Tuple tuple ->
                separated("(", tuple.items(), tuple.items().size() == 1 ? ",)" : ")");
            case Value.Dict dict -> append(dict.entries());
            case Value.View view ->
                separated(
                        switch (view.kind()) {
                            case KEYS -> "dict_keys([";
                            case VALUES -> "dict_values([";
                            case ITEMS -> "dict_items([";
                        },
                        view.items(),
                        "])");
            case Value.Range range -> {
                out.append("range(").append(range.start()).append(", ").append(range.stop());
                out.append(range.step() == 1 ? "" : ", " + range.step()).append(')');
            }
            case Value.Generator generator ->
                out.append("<").append(generator.name()).append(" object>");
            case Value.Undefined u -> out.append("Undefined");
            case Value.Namespace namespace -> {
                if (++depth > JinjaLimits.MAX_VALUE_DEPTH) {
                    throw JinjaException.limit("a namespace holds itself (limit: depth of a value)");
                }
                out.append("<Namespace {");
                String separator = "";
                for (Map.Entry<String, Value> entry : namespace.attributes().entrySet()) {
                    meter.make(entry.getValue().extent().weight());
                    out.append(separator);
                    append(entry.getKey());
                    out.append(": ");
                    append(entry.getValue());
                    separator = ", ";
                }
                out.append("}>");
                depth--;
            }
            case Value.Special special ->
                out.append('<').append(special.typeName()).append('>');
        }
    }

    private void separated(String begin, List<Value> items, String end) {
        out.append(begin);
        String separator = "";
        for (Value item : items) {
            out.append(separator);
            append(item);
            separator = ", ";
        }
        out.append(end);
    }

    private void append(Map<Value, Value> entries) {
        out.append('{');
        String separator = "";
        for (Map.Entry<Value, Value> entry : entries.entrySet()) {
            out.append(separator);
            append(entry.getKey());
            out.append(": ");
            append(entry.getValue());
            separator = ", ";
        }
        out.append('}');
    }

    private void append(String text) {
        int before = out.length();
        appendQuoted(text, out);
        meter.make(
                Math.max(0, out.length() - before - text.length() - 2)); // escapes are longer than what they stand for
    }

    /** A short text in quotes, for messages. */
    static String repr(String text) {
        StringBuilder out = new StringBuilder();
        appendQuoted(text, out);
        return out.toString();
    }

    private static void appendQuoted(String text, StringBuilder out) {
        char quote = text.indexOf('\'') >= 0 && text.indexOf('"') < 0 ? '"' : '\'';
        out.append(quote);
        text.codePoints().forEach(c -> {
            switch (c) {
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\\' -> out.append("\\\\");
                default -> {
                    if (c == quote) {
                        out.append('\\').append(quote);
                    } else if (isPrintable(c)) {
                        out.appendCodePoint(c);
                    } else {
                        int digits = c < 0x100 ? 2 : c < 0x10000 ? 4 : 8;
                        out.append(digits == 2 ? "\\x" : digits == 4 ? "\\u" : "\\U");
                        out.append(HexFormat.of().toHexDigits(c, digits));
                    }
                }
            }
        });
        out.append(quote);
    }

    /** What {@code repr} leaves as it is. */
    static boolean isPrintable(int codePoint) {
        return codePoint == ' '
                || switch (Character.getType(codePoint)) {
                    case Character.CONTROL,
                            Character.FORMAT,
                            Character.SURROGATE,
                            Character.PRIVATE_USE,
                            Character.UNASSIGNED,
                            Character.LINE_SEPARATOR,
                            Character.PARAGRAPH_SEPARATOR,
                            Character.SPACE_SEPARATOR -> false;
                    default -> true;
                };
    }

    /** What {@code isspace} accepts and {@code strip} takes away. */
    static boolean isSpace(int codePoint) {
        return Character.isWhitespace(codePoint) || Character.isSpaceChar(codePoint) || codePoint == 0x85;
    }

    /** The shortest digits that are this number, as Python writes them: an exponent below 1e-4 and from 1e16. */
    static String real(double value) {
        if (Double.isNaN(value)) {
            return "nan";
        }
        if (Double.isInfinite(value)) {
            return value > 0 ? "inf" : "-inf";
        }
        String sign = value < 0 || 1 / value < 0 ? "-" : "";
        if (value == 0) {
            return sign + "0.0";
        }
        BigDecimal shortest = new BigDecimal(Double.toString(Math.abs(value))).stripTrailingZeros();
        BigDecimal single = shortest.round(new MathContext(1)); // of the smallest numbers Java writes two digits
        shortest = single.doubleValue() == Math.abs(value) ? single.stripTrailingZeros() : shortest;
        String digits = shortest.unscaledValue().toString();
        int exponent = digits.length() - shortest.scale() - 1;
        if (exponent < -4 || exponent >= 16) {
            return sign + digits.charAt(0) + (digits.length() > 1 ? "." + digits.substring(1) : "") + "e"
                    + (exponent < 0 ? "-" : "+") + (Math.abs(exponent) < 10 ? "0" : "") + Math.abs(exponent);
        }
        String plain = shortest.toPlainString();
        return sign + plain + (plain.indexOf('.') < 0 ? ".0" : "");
    }

    /** How Python calls the type of a value. */
    static String typeName(Value value) {
        return switch (value) {
            case Value.None n -> "NoneType";
            case Value.Bool b -> "bool";
            case Value.Int i -> "int";
            case Value.Real r -> "float";
            case Value.Str s -> "str";
            case Value.Items l -> "list";
            case Value.Tuple t -> "tuple";
            case Value.Dict d -> "dict";
            case Value.View view ->
                switch (view.kind()) {
                    case KEYS -> "dict_keys";
                    case VALUES -> "dict_values";
                    case ITEMS -> "dict_items";
                };
            case Value.Range r -> "range";
            case Value.Generator g -> "generator";
            case Value.Undefined u -> "Undefined";
            case Value.Namespace n -> "Namespace";
            case Value.Special special -> special.typeName();
        };
    }

    /** The characters of a text as texts of one. */
    static Iterator<Value> characters(String text) {
        return text.codePoints()
                .mapToObj(c -> (Value) new Value.Str(Character.toString(c)))
                .iterator();
    }
}
