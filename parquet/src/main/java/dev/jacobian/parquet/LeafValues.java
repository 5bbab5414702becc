// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.jacobian.parquet.Node.Leaf;
import dev.jacobian.parquet.encoding.Slice;
import dev.jacobian.parquet.encoding.Values;
import dev.jacobian.parquet.format.Corrupt;
import dev.jacobian.parquet.format.PhysicalType;
import dev.jacobian.parquet.format.SchemaElement.Kind;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.UUID;

/**
 * Stored values as JSON: numbers and texts as they are, times and dates in ISO 8601, bytes without a meaning as JSON has them
 * (base 64). A number that is none, which stands for a missing one in tables of Python, is null, as JSON has no other word for it.
 */
final class LeafValues {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    private static final long JULIAN_EPOCH = 2_440_588; // the day of 1970-01-01
    private static final int MOST_SCALE = 10_000;

    private LeafValues() {}

    /** The next value of a column. */
    static JsonNode next(Leaf leaf, Values values) {
        try {
            return switch (leaf.type()) {
                case BOOLEAN -> JSON.booleanNode(values.nextLong() != 0);
                case INT32, INT64 -> number(leaf, values.nextLong());
                case FLOAT -> single((float) values.nextDouble());
                case DOUBLE -> real(values.nextDouble());
                case INT96 -> instant(values.nextBytes());
                case BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY -> bytes(leaf, values.nextBytes());
            };
        } catch (DateTimeException beyond) {
            throw new Corrupt("a date lies beyond all calendars");
        }
    }

    private static JsonNode single(float value) {
        return Float.isFinite(value) ? JSON.numberNode(value) : JSON.nullNode();
    }

    private static JsonNode real(double value) {
        return Double.isFinite(value) ? JSON.numberNode(value) : JSON.nullNode();
    }

    private static JsonNode number(Leaf leaf, long value) {
        boolean isInt = leaf.type() == PhysicalType.INT32;
        return switch (leaf.meaning().kind()) {
            case DATE -> JSON.textNode(LocalDate.ofEpochDay(value).toString());
            case DECIMAL -> decimal(BigInteger.valueOf(value), leaf);
            case UNSIGNED ->
                isInt
                        ? JSON.numberNode(value & 0xFFFF_FFFFL)
                        : value >= 0
                                ? JSON.numberNode(value)
                                : JSON.numberNode(new BigInteger(Long.toUnsignedString(value)));
            case TIME_MILLIS -> time(value, 1_000_000);
            case TIME_MICROS -> time(value, 1000);
            case TIME_NANOS -> time(value, 1);
            case TIMESTAMP_MILLIS -> timestamp(leaf, value, 1000);
            case TIMESTAMP_MICROS -> timestamp(leaf, value, 1_000_000);
            case TIMESTAMP_NANOS -> timestamp(leaf, value, 1_000_000_000);
            default -> isInt ? JSON.numberNode((int) value) : JSON.numberNode(value);
        };
    }

    private static JsonNode time(long value, long nanos) {
        if (value < 0 || value > Long.MAX_VALUE / nanos) {
            throw new Corrupt("a time of day is " + value);
        }
        return JSON.textNode(LocalTime.ofNanoOfDay(value * nanos).toString());
    }

    private static JsonNode timestamp(Leaf leaf, long value, long perSecond) {
        Instant instant = Instant.ofEpochSecond(
                Math.floorDiv(value, perSecond), Math.floorMod(value, perSecond) * (1_000_000_000 / perSecond));
        return JSON.textNode(
                leaf.meaning().utc()
                        ? instant.toString()
                        : instant.atOffset(ZoneOffset.UTC).toLocalDateTime().toString());
    }

    private static JsonNode instant(Slice int96) {
        long nanos = int96.number(0, Long.BYTES);
        long day = int96.number(Long.BYTES, Integer.BYTES) - JULIAN_EPOCH;
        return JSON.textNode(Instant.ofEpochSecond(day * 86_400, nanos).toString());
    }

    private static JsonNode bytes(Leaf leaf, Slice value) {
        return switch (leaf.meaning().kind()) {
            case STRING -> JSON.textNode(text(value));
            case DECIMAL -> decimal(value.length() == 0 ? BigInteger.ZERO : new BigInteger(value.copy()), leaf);
            case UUID -> JSON.textNode(uuid(value));
            case FLOAT16 -> single(Float.float16ToFloat((short) value.number(0, Short.BYTES)));
            default -> JSON.binaryNode(value.copy());
        };
    }

    private static String uuid(Slice value) {
        ByteBuffer bytes = ByteBuffer.wrap(value.cut(0, 2 * Long.BYTES).copy());
        return new UUID(bytes.getLong(), bytes.getLong()).toString();
    }

    private static JsonNode decimal(BigInteger unscaled, Leaf leaf) {
        int scale = leaf.meaning().scale();
        if (Math.abs((long) scale) > MOST_SCALE) {
            throw new Corrupt("a decimal has scale " + scale);
        }
        return JSON.numberNode(new BigDecimal(unscaled, scale));
    }

    private static String text(Slice value) {
        String text = new String(value.bytes(), value.from(), value.length(), StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') >= 0) { // what stands for a byte that cannot be decoded, or is written there itself
            try {
                StandardCharsets.UTF_8
                        .newDecoder()
                        .decode(ByteBuffer.wrap(value.bytes(), value.from(), value.length()));
            } catch (CharacterCodingException e) {
                throw new Corrupt("a text is not UTF-8");
            }
        }
        return text;
    }

    /** What a value takes in memory, roughly. */
    static int size(JsonNode value) {
        int content = value.isTextual()
                ? value.textValue().length()
                : value instanceof BinaryNode binary
                        ? binary.binaryValue().length
                        : value.isBigDecimal()
                                ? value.decimalValue().unscaledValue().bitLength() / 8
                                : 0;
        return 40 + content;
    }

    /** Whether a column's values are texts, which can be keys of an object. */
    static boolean isText(Leaf leaf) {
        return leaf.meaning().kind() == Kind.STRING;
    }
}
