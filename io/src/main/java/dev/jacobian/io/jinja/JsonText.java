// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The filter {@code tojson} as transformers defines it: Python's {@code json.dumps}, which keeps letters as they are. */
final class JsonText {
    private final Meter meter;
    private final boolean ascii;
    private final Optional<String> indent;
    private final String itemSeparator;
    private final String keySeparator;
    private final boolean sortKeys;
    private final StringBuilder out = new StringBuilder();

    private JsonText(Meter meter, Arguments arguments) {
        this.meter = meter;
        this.ascii = arguments.truth("ensure_ascii", false);
        this.indent = arguments.some("indent").map(width -> switch (width) {
            case Value.Str string -> string.text();
            case Value.Numeric number
            when number.isInteger() -> {
                int blanks = Math.max(0, Arguments.clamped(number.integer()));
                meter.make(blanks);
                yield " ".repeat(blanks);
            }
            default -> throw JinjaException.operation("tojson: indent must be a number or a string");
        });
        Optional<List<Value>> separators = arguments.some("separators").map(pair -> Iterables.list(pair, meter));
        separators.ifPresent(pair -> {
            if (pair.size() != 2 || !pair.stream().allMatch(Value.Str.class::isInstance)) {
                throw JinjaException.operation("tojson: separators must be two strings");
            }
        });
        this.itemSeparator =
                separators.map(pair -> ((Value.Str) pair.get(0)).text()).orElse(indent.isPresent() ? "," : ", ");
        this.keySeparator =
                separators.map(pair -> ((Value.Str) pair.get(1)).text()).orElse(": ");
        this.sortKeys = arguments.truth("sort_keys", false);
    }

    /** The value as JSON. */
    static String of(Session session, Value value, Arguments given) {
        Arguments arguments = given.bind("ensure_ascii", "indent", "separators", "sort_keys");
        JsonText json = new JsonText(session.meter(), arguments);
        json.append(value, 0);
        return json.out.toString();
    }

    private void append(Value value, int depth) {
        int before = out.length();
        switch (value) {
            case Value.None n -> out.append("null");
            case Value.Bool(boolean truth) -> out.append(truth);
            case Value.Int integer -> out.append(integer.value());
            case Value.Real(double number) -> out.append(number(number));
            case Value.Str string -> append(string.text());
            case Value.Sequence sequence -> append(sequence.items(), depth);
            case Value.Dict dict -> append(dict, depth);
            default ->
                throw JinjaException.operation(
                        "Object of type " + PythonText.typeName(value) + " is not JSON serializable");
        }
        boolean isLeaf = !(value instanceof Value.Sequence || value instanceof Value.Dict);
        meter.make(isLeaf ? out.length() - before : 4);
    }

    private static String number(double value) {
        return Double.isNaN(value)
                ? "NaN"
                : Double.isInfinite(value) ? value > 0 ? "Infinity" : "-Infinity" : PythonText.real(value);
    }

    private void append(List<Value> items, int depth) {
        if (items.isEmpty()) {
            out.append("[]");
            return;
        }
        out.append('[');
        String separator = "";
        for (Value item : items) {
            out.append(separator);
            line(depth + 1);
            append(item, depth + 1);
            separator = itemSeparator;
        }
        line(depth);
        out.append(']');
    }

    private void append(Value.Dict dict, int depth) {
        if (dict.entries().isEmpty()) {
            out.append("{}");
            return;
        }
        List<Map.Entry<Value, Value>> entries = List.copyOf(dict.entries().entrySet());
        if (sortKeys) {
            entries = entries.stream()
                    .sorted((a, b) -> Comparisons.compare(a.getKey(), b.getKey(), meter))
                    .toList();
        }
        out.append('{');
        String separator = "";
        for (Map.Entry<Value, Value> entry : entries) {
            out.append(separator);
            line(depth + 1);
            append(key(entry.getKey()));
            out.append(keySeparator);
            append(entry.getValue(), depth + 1);
            meter.make(4L + entry.getKey().extent().weight());
            separator = itemSeparator;
        }
        line(depth);
        out.append('}');
    }

    private static String key(Value key) {
        return switch (key) {
            case Value.Str string -> string.text();
            case Value.None n -> "null";
            case Value.Bool(boolean truth) -> String.valueOf(truth);
            case Value.Int integer -> integer.value().toString();
            case Value.Real(double number) -> number(number);
            default ->
                throw JinjaException.operation(
                        "keys must be str, int, float, bool or None, not " + PythonText.typeName(key));
        };
    }

    /** A new line, if there are lines. */
    private void line(int depth) {
        indent.ifPresent(blanks -> {
            meter.make(1L + (long) blanks.length() * depth);
            out.append('\n').repeat(blanks, depth);
        });
    }

    private void append(String text) {
        out.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '"' -> out.append("\\\"");
                case '\\' -> out.append("\\\\");
                case '\n' -> out.append("\\n");
                case '\r' -> out.append("\\r");
                case '\t' -> out.append("\\t");
                case '\f' -> out.append("\\f");
                case '\b' -> out.append("\\b");
                default -> {
                    if (c < 0x20 || ascii && c > 0x7E) {
                        out.append("\\u").append(HexFormat.of().toHexDigits(c));
                    } else {
                        out.append(c);
                    }
                }
            }
        }
        out.append('"');
    }
}
