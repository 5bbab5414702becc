// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BigIntegerNode;
import com.fasterxml.jackson.databind.node.BinaryNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.FloatNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.LongNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.ShortNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.jacobian.io.Json;
import java.math.BigDecimal;
import java.math.BigInteger;

/**
 * Rows of a data set. Not as JSON's text: a column of Parquet may hold 32-bit floats, decimals and bytes, and each must come back as the very
 * kind of number that it was.
 */
public enum NodeCodec implements RecordCodec<JsonNode> {
    /** The only one. */
    INSTANCE;

    private static final int NULL = 0;
    private static final int MISSING = 1;
    private static final int FALSE = 2;
    private static final int TRUE = 3;
    private static final int SHORT = 4;
    private static final int INT = 5;
    private static final int LONG = 6;
    private static final int BIG_INTEGER = 7;
    private static final int FLOAT = 8;
    private static final int DOUBLE = 9;
    private static final int DECIMAL = 10;
    private static final int TEXT = 11;
    private static final int BINARY = 12;
    private static final int ARRAY = 13;
    private static final int OBJECT = 14;

    @Override
    public void write(JsonNode value, RecordWriter out) {
        switch (value) {
            case TextNode text -> out.octet(TEXT).text(text.textValue());
            case ObjectNode object -> {
                out.octet(OBJECT).integer(object.size());
                object.properties().forEach(field -> {
                    out.text(field.getKey());
                    write(field.getValue(), out);
                });
            }
            case ArrayNode array -> {
                out.octet(ARRAY).integer(array.size());
                array.forEach(element -> write(element, out));
            }
            case BooleanNode truth -> out.octet(truth.booleanValue() ? TRUE : FALSE);
            case IntNode number -> out.octet(INT).integer(number.intValue());
            case LongNode number -> out.octet(LONG).integer64(number.longValue());
            case DoubleNode number -> out.octet(DOUBLE).real(number.doubleValue());
            case ShortNode number -> out.octet(SHORT).integer(number.intValue());
            case FloatNode number -> out.octet(FLOAT).integer(Float.floatToRawIntBits(number.floatValue()));
            case BigIntegerNode number ->
                out.octet(BIG_INTEGER).blob(number.bigIntegerValue().toByteArray());
            case DecimalNode number -> {
                BigDecimal decimal = number.decimalValue();
                out.octet(DECIMAL).blob(decimal.unscaledValue().toByteArray()).integer(decimal.scale());
            }
            case BinaryNode binary -> out.octet(BINARY).blob(binary.binaryValue());
            case NullNode _ -> out.octet(NULL);
            case MissingNode _ -> out.octet(MISSING);
            default -> throw new IllegalArgumentException("a row cannot hold a " + value.getNodeType());
        }
    }

    @Override
    public JsonNode read(RecordReader in) {
        int type = in.octet();
        return switch (type) {
            case NULL -> NullNode.instance;
            case MISSING -> MissingNode.getInstance();
            case FALSE -> BooleanNode.FALSE;
            case TRUE -> BooleanNode.TRUE;
            case SHORT -> ShortNode.valueOf((short) in.integer());
            case INT -> IntNode.valueOf(in.integer());
            case LONG -> LongNode.valueOf(in.integer64());
            case BIG_INTEGER -> BigIntegerNode.valueOf(new BigInteger(in.blob()));
            case FLOAT -> FloatNode.valueOf(Float.intBitsToFloat(in.integer()));
            case DOUBLE -> DoubleNode.valueOf(in.real());
            case DECIMAL -> DecimalNode.valueOf(new BigDecimal(new BigInteger(in.blob()), in.integer()));
            case TEXT -> TextNode.valueOf(in.text());
            case BINARY -> BinaryNode.valueOf(in.blob());
            case ARRAY -> {
                int size = in.count();
                ArrayNode array = Json.object().arrayNode(size);
                for (int i = 0; i < size; i++) {
                    array.add(read(in));
                }
                yield array;
            }
            case OBJECT -> {
                int size = in.count();
                ObjectNode object = Json.object();
                for (int i = 0; i < size; i++) {
                    object.set(in.text(), read(in));
                }
                yield object;
            }
            default -> throw new IllegalStateException("a record holds a value of type " + type);
        };
    }
}
