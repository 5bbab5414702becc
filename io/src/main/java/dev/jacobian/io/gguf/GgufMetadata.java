// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import dev.jacobian.io.FormatException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.LongStream;

/**
 * The keys of a GGUF file with their values.
 *
 * <p>Values are {@link String}, {@link Boolean}, {@link Long} for integers of any width and {@link Double} for floating ones; lists of
 * them are {@code String[]}, {@code long[]} and {@code double[]} (booleans as 0 and 1). Writers do not agree on widths, so any is
 * taken for any number; a float becomes the double of the same shortest decimal, which is what the file was made from.
 */
public final class GgufMetadata {
    private final Map<String, Object> values;
    private final String where;

    GgufMetadata(Map<String, Object> values, String where) {
        this.values = values;
        this.where = where;
    }

    /** The file, for messages. */
    public String where() {
        return where;
    }

    /** All keys in the order of the file. */
    public Set<String> keys() {
        return values.keySet();
    }

    /** The values of keys that stand for themselves: no lists. */
    public Map<String, Object> plain() {
        Map<String, Object> plain = new LinkedHashMap<>();
        values.forEach((key, value) -> {
            if (!value.getClass().isArray()) {
                plain.put(key, value);
            }
        });
        return plain;
    }

    /** Whether there is a key. */
    public boolean has(String key) {
        return values.containsKey(key);
    }

    /** A string, if the key is there. */
    public Optional<String> text(String key) {
        return find(key, String.class, "a string");
    }

    /** A string that must be there. */
    public String requireText(String key) {
        return text(key).orElseThrow(() -> missing(key));
    }

    /** A boolean, if the key is there. */
    public Optional<Boolean> flag(String key) {
        return find(key, Boolean.class, "a boolean");
    }

    /** An integer from 0 to 2^31 - 1, if the key is there. */
    public Optional<Integer> integer(String key) {
        return find(key, Long.class, "an integer").map(value -> {
            if (value < 0 || value > Integer.MAX_VALUE) {
                throw bad(key, "the value " + value + " is no size or id");
            }
            return value.intValue();
        });
    }

    /** An integer that must be there. */
    public int requireInteger(String key) {
        return integer(key).orElseThrow(() -> missing(key));
    }

    /** A floating number or an integer, if the key is there. */
    public Optional<Double> number(String key) {
        return find(key, Number.class, "a number").map(Number::doubleValue);
    }

    /** A list of strings, if the key is there. */
    public Optional<List<String>> texts(String key) {
        return find(key, String[].class, "a list of strings").map(Arrays::asList);
    }

    /** A list of integers or booleans, if the key is there. */
    public Optional<long[]> integers(String key) {
        return find(key, long[].class, "a list of integers");
    }

    /** A list of numbers, if the key is there. */
    public Optional<double[]> numbers(String key) {
        return Optional.ofNullable(values.get(key))
                .map(value -> value instanceof long[] integers
                        ? LongStream.of(integers).asDoubleStream().toArray()
                        : find(key, double[].class, "a list of numbers").orElseThrow());
    }

    private <T> Optional<T> find(String key, Class<T> type, String what) {
        Object value = values.get(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!type.isInstance(value)) {
            throw bad(key, "the value is " + describe(value) + ", not " + what);
        }
        return Optional.of(type.cast(value));
    }

    private static String describe(Object value) {
        return switch (value) {
            case String text -> "a string";
            case Boolean flag -> "a boolean";
            case Long integer -> "the integer " + integer;
            case Double number -> "the number " + number;
            case String[] texts -> "a list of strings";
            case long[] integers -> "a list of integers";
            default -> "a list of numbers";
        };
    }

    /** The error of a key whose value cannot be. */
    public FormatException bad(String key, String what) {
        return new FormatException(where + ", key " + key, what, "Convert the model again, or fetch the file again");
    }

    /** The error of a key that is not there. */
    public FormatException missing(String key) {
        return new FormatException(
                where, "the key " + key + " is missing", "Convert the model again, or fetch the file again");
    }
}
