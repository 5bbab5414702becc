// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Iterator;
import java.util.Map;

/** Values of JSON compared as Python compares them: 1 is 1.0, and nothing else is forgiven. */
final class JsonValues {
    private JsonValues() {}

    static boolean same(JsonNode a, JsonNode b) {
        if (a.isNumber() && b.isNumber()) {
            return a.decimalValue().compareTo(b.decimalValue()) == 0;
        }
        if (a.isArray() && b.isArray()) {
            return a.size() == b.size() && sameElements(a.iterator(), b.iterator());
        }
        if (a.isObject() && b.isObject()) {
            return a.size() == b.size() && a.properties().stream().allMatch(entry -> sameEntry(entry, b));
        }
        return a.equals(b);
    }

    private static boolean sameElements(Iterator<JsonNode> a, Iterator<JsonNode> b) {
        while (a.hasNext()) {
            if (!same(a.next(), b.next())) {
                return false;
            }
        }
        return true;
    }

    private static boolean sameEntry(Map.Entry<String, JsonNode> entry, JsonNode other) {
        JsonNode value = other.get(entry.getKey());
        return value != null && same(entry.getValue(), value);
    }
}
