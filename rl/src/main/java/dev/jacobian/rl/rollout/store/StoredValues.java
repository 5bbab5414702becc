// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout.store;

import dev.jacobian.io.Json;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a column of a problem may hold: JSON's values, each with its Java type, so that what is read equals what was written. Maps keep their
 * order.
 */
final class StoredValues {
    private static final int NULL = 0;
    private static final int TEXT = 1;
    private static final int LONG = 2;
    private static final int INTEGER = 3;
    private static final int DOUBLE = 4;
    private static final int FLOAT = 5;
    private static final int BIG_INTEGER = 6;
    private static final int BIG_DECIMAL = 7;
    private static final int TRUTH = 8;
    private static final int LIST = 9;
    private static final int MAP = 10;

    private static final int SMALLEST = Integer.BYTES; // of a value: its type
    private static final int SMALLEST_TEXT = 1 + Integer.BYTES;

    /** Digits of numbers that are written out: reading them takes time that grows with their square. */
    private static final int MOST_DIGITS = 10_000;

    private StoredValues() {}

    static void write(StoreOutput out, @Nullable Object value) throws IOException {
        switch (value) {
            case null -> out.number(NULL);
            case String text -> {
                out.number(TEXT);
                out.text(text);
            }
            case Long number -> {
                out.number(LONG);
                out.number(number.longValue());
            }
            case Integer number -> {
                out.number(INTEGER);
                out.number(number.intValue());
            }
            case Double number -> {
                out.number(DOUBLE);
                out.number(number.doubleValue());
            }
            case Float number -> {
                out.number(FLOAT);
                out.number(Float.floatToRawIntBits(number));
            }
            case BigInteger number -> {
                out.number(BIG_INTEGER);
                out.text(number.toString());
            }
            case BigDecimal number -> {
                out.number(BIG_DECIMAL);
                out.text(number.toString());
            }
            case Boolean truth -> {
                out.number(TRUTH);
                out.truth(truth);
            }
            case List<?> list -> {
                out.number(LIST);
                out.number(list.size());
                for (Object element : list) {
                    write(out, element);
                }
            }
            case Map<?, ?> map -> {
                out.number(MAP);
                writeMap(out, map);
            }
            default ->
                throw new IllegalArgumentException("a " + value.getClass().getName()
                        + " cannot be stored; columns hold what JSON has: texts, numbers, true and false,"
                        + " lists and maps");
        }
    }

    static void writeMap(StoreOutput out, Map<?, ?> map) throws IOException {
        out.number(map.size());
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            out.text(String.valueOf(entry.getKey()));
            write(out, entry.getValue());
        }
    }

    private static @Nullable Object read(StoreInput in, int depth) {
        int type = in.int32();
        return switch (type) {
            case NULL -> null;
            case TEXT -> in.text();
            case LONG -> in.int64();
            case INTEGER -> in.int32();
            case DOUBLE -> in.float64();
            case FLOAT -> Float.intBitsToFloat(in.int32());
            case BIG_INTEGER, BIG_DECIMAL -> number(in, type);
            case TRUTH -> in.truth();
            case LIST -> {
                requireShallow(in, depth);
                int size = in.count(SMALLEST);
                List<@Nullable Object> list = new ArrayList<>();
                for (int i = 0; i < size; i++) {
                    list.add(read(in, depth + 1));
                }
                yield list;
            }
            case MAP -> readMap(in, depth);
            default -> throw in.broken("a column holds a value of type " + type);
        };
    }

    static Map<String, @Nullable Object> readMap(StoreInput in) {
        return readMap(in, 0);
    }

    private static Map<String, @Nullable Object> readMap(StoreInput in, int depth) {
        requireShallow(in, depth);
        int size = in.count(SMALLEST_TEXT + SMALLEST);
        Map<String, @Nullable Object> map = new LinkedHashMap<>();
        for (int i = 0; i < size; i++) {
            map.put(in.text(), read(in, depth + 1));
        }
        return map;
    }

    private static Number number(StoreInput in, int type) {
        String digits = in.text();
        if (digits.length() > MOST_DIGITS) {
            throw in.broken("a number has " + digits.length() + " digits");
        }
        try {
            return type == BIG_INTEGER ? new BigInteger(digits) : new BigDecimal(digits);
        } catch (NumberFormatException e) {
            throw in.broken("a column holds no number where it says so", e);
        }
    }

    private static void requireShallow(StoreInput in, int depth) {
        if (depth > Json.MAX_DEPTH) {
            throw in.broken("a column nests lists and maps more than " + Json.MAX_DEPTH + " deep");
        }
    }
}
