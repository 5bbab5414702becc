// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.ConfigTree;
import java.util.List;
import java.util.Locale;

/** Settings with their defaults, as commands that list them print them. */
final class SettingLines {
    private SettingLines() {}

    /** Something with settings: its name and what it is, a line for each setting, an empty one. */
    static void print(Streams streams, String name, String about, List<ConfigTree.Key> keys) {
        streams.line(name + ": " + about);
        keys.forEach(key -> streams.line(line(key)));
        streams.line("");
    }

    /** A setting in a line. */
    static String line(ConfigTree.Key key) {
        String choices = key.choices().isEmpty() ? "" : " (" + String.join(", ", key.choices()) + ")";
        return String.format(Locale.ROOT, "  %-38s %s", key.name() + "=" + text(key.value()), key.doc() + choices);
    }

    private static String text(JsonNode value) {
        return (value.isValueNode() ? value.asText() : Json.compact(value)).replace(".0E", "e");
    }

    /** The same for programs. */
    static ArrayNode json(List<ConfigTree.Key> keys) {
        ArrayNode settings = Json.object().arrayNode();
        for (ConfigTree.Key key : keys) {
            ObjectNode entry = settings.addObject();
            entry.put("key", key.name());
            entry.set("default", key.value());
            entry.put("doc", key.doc());
            if (!key.choices().isEmpty()) {
                key.choices().forEach(entry.putArray("choices")::add);
            }
        }
        return settings;
    }
}
