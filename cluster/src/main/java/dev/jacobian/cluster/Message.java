// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.Predicate;

/**
 * What a request or an answer says: a JSON object, and bytes.
 *
 * <pre>
 * length of the JSON       int, big-endian
 * JSON                     UTF-8
 * bytes                    the rest
 * </pre>
 *
 * @param head the object
 * @param body the bytes
 */
record Message(ObjectNode head, byte[] body) {
    /** The longest message; weights come in several. */
    static final int MOST_BYTES = 16 << 20;

    /** The longest object: all that grows is in the bytes. */
    static final int MOST_HEAD = 8 << 20;

    private static final byte[] NOTHING = {};

    static Message of(ObjectNode head) {
        return new Message(head, NOTHING);
    }

    byte[] toBytes() {
        byte[] json = Json.compact(head).getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(Integer.BYTES + json.length + body.length)
                .putInt(json.length)
                .put(json)
                .put(body)
                .array();
    }

    /** @throws FormatException if it is none */
    static Message read(byte[] bytes, String where) {
        ByteBuffer in = ByteBuffer.wrap(bytes);
        int length = in.remaining() < Integer.BYTES ? -1 : in.getInt();
        if (length < 0 || length > in.remaining() || length > MOST_HEAD) {
            throw broken(
                    where,
                    "it is no message: " + bytes.length + " bytes that do not begin with the length of an" + " object");
        }
        byte[] json = new byte[length];
        in.get(json);
        byte[] body = new byte[in.remaining()];
        in.get(body);
        if (!(Json.parse(json, where) instanceof ObjectNode head)) {
            throw broken(where, "it does not begin with an object");
        }
        return new Message(head, body);
    }

    /** A text of the object. */
    String text(String key) {
        return value(key, JsonNode::isTextual, "a text").textValue();
    }

    /** A whole number of the object that is not negative. */
    long number(String key) {
        JsonNode value = value(key, node -> node.isIntegralNumber() && node.canConvertToLong(), "a whole number");
        if (value.longValue() < 0) {
            throw broken("a message", "'" + key + "' is negative");
        }
        return value.longValue();
    }

    private JsonNode value(String key, Predicate<JsonNode> fits, String kind) {
        JsonNode value = head.path(key);
        if (!fits.test(value)) {
            throw broken("a message", "'" + key + "' is not " + kind);
        }
        return value;
    }

    static FormatException broken(String where, String what) {
        return new FormatException(where, what, "Use the same version of Jacobian on both sides");
    }
}
