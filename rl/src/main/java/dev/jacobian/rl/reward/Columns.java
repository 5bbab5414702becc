// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.tensor.Nullable;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A problem's data besides its prompt, by column name: the answer, the numbers of a puzzle, whatever a row of the
 * user's file has.
 *
 * <p>Values are what JSON has: strings, numbers, booleans, lists and maps. A column that is missing or of another type
 * is an error that says which columns there are.
 *
 * @param values unmodifiable with all that is in them, in file order
 */
public record Columns(Map<String, Object> values) {

    /** No columns. */
    public static final Columns NONE = new Columns(Map.of());

    /** Copies the map, and the maps and lists in it: a reward function must not change the next one's problem. */
    public Columns {
        values = frozen(values);
    }

    private static Map<String, Object> frozen(Map<?, ?> map) {
        Map<String, Object> copy = new LinkedHashMap<>();
        map.forEach((name, value) -> copy.put((String) name, frozen(value)));
        return Collections.unmodifiableMap(copy);
    }

    private static Object frozen(Object value) {
        return switch (value) {
            case Map<?, ?> map -> frozen(map);
            case List<?> list ->
                Collections.unmodifiableList(
                        new ArrayList<>(list.stream().map(Columns::frozen).toList()));
            case null, default -> value;
        };
    }

    /** One column. */
    public static Columns of(String name, Object value) {
        return new Columns(Map.of(name, value));
    }

    /**
     * The columns of a row of JSON, without those that are null.
     *
     * @param where the row, for messages
     * @throws FormatException if a number is beyond what a double holds
     */
    public static Columns of(JsonNode row, String where) {
        Map<String, Object> columns = new LinkedHashMap<>();
        row.properties().forEach(field -> {
            if (!field.getValue().isNull()) {
                columns.put(field.getKey(), plain(field.getValue(), where + ", '" + field.getKey() + "'"));
            }
        });
        return new Columns(columns);
    }

    /** A JSON value as plain Java: String, Long, BigInteger, Double, Boolean, List or Map. */
    private static @Nullable Object plain(JsonNode node, String where) {
        if (node.isObject()) {
            Map<String, Object> map = new LinkedHashMap<>();
            node.properties().forEach(field -> map.put(field.getKey(), plain(field.getValue(), where)));
            return map;
        }
        if (node.isArray()) {
            List<Object> list = new ArrayList<>();
            node.forEach(element -> list.add(plain(element, where)));
            return list;
        }
        if (node.isBoolean()) {
            return node.booleanValue();
        }
        if (node.isIntegralNumber()) {
            return node.canConvertToLong() ? (Object) node.longValue() : node.bigIntegerValue();
        }
        if (node.isNumber() && !Double.isFinite(node.doubleValue())) {
            throw new FormatException(where, "a number is beyond what a double can hold", "Write it as a string");
        }
        return node.isNumber() ? (Object) node.doubleValue() : node.isNull() ? null : node.asText();
    }

    /** Whether there is a column of that name. */
    public boolean has(String name) {
        return values.containsKey(name);
    }

    /** A string column; a number becomes its shortest decimal text without an exponent: {@code 0.0005}, {@code 3}. */
    public String string(String name) {
        return switch (get(name)) {
            case String text -> text;
            case Number number -> NumberText.canonical(NumberText.exact(number));
            case Object value -> throw wrongType(name, value, "a string or a number");
        };
    }

    /** The number in a column; empty if the column holds something else. */
    public Optional<Number> number(String name) {
        return get(name) instanceof Number number ? Optional.of(number) : Optional.empty();
    }

    /** A whole number. */
    public long integer(String name) {
        return toLong(name, get(name), "a whole number");
    }

    /** A list of whole numbers. */
    public List<Long> integers(String name) {
        if (!(get(name) instanceof List<?> list)) {
            throw wrongType(name, get(name), "a list of whole numbers");
        }
        List<Long> numbers = new ArrayList<>(list.size());
        for (Object element : list) {
            numbers.add(toLong(name, element, "a list of whole numbers"));
        }
        return numbers;
    }

    /** What a column holds, or a value within one: a String, a number, a Boolean, a list or a map. */
    public Optional<Object> value(String name) {
        return Optional.ofNullable(has(name) ? values.get(name) : within(name));
    }

    private Object get(String name) {
        return value(name).orElseThrow(() -> new MissingColumnException(name, values.keySet()));
    }

    /** A value in a map that a column holds: {@code reward_model.ground_truth}, as verl's rows have it. */
    private @Nullable Object within(String path) {
        Object value = values;
        for (String name : path.split("\\.", -1)) {
            value = value instanceof Map<?, ?> map ? map.get(name) : null;
        }
        return value;
    }

    private static long toLong(String name, Object value, String expected) {
        return switch (value) {
            case Long number -> number;
            case Integer number -> number;
            case BigInteger number when number.bitLength() < Long.SIZE -> number.longValue();
            case Double number when number == Math.rint(number) && Math.abs(number) < 0x1p53 -> number.longValue();
            case null, default -> throw wrongType(name, value, expected);
        };
    }

    private static IllegalArgumentException wrongType(String name, Object value, String expected) {
        return new IllegalArgumentException("column '" + name + "' must be " + expected + ", but is " + value);
    }
}
