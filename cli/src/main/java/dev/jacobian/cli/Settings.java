// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Settings of a run from three places: a file, options, and {@code --set KEY=VALUE}; the later wins. */
final class Settings {
    private Settings() {}

    /** All that differs from the defaults. */
    static ObjectNode of(Optional<Path> file, ObjectNode options, List<String> assignments) {
        ObjectNode changes = Json.object();
        file.ifPresent(path -> changes.setAll(read(path)));
        changes.setAll(options);
        for (String assignment : assignments) {
            int equals = assignment.indexOf('=');
            if (equals < 1) {
                throw new CliException("--set takes KEY=VALUE, found '" + assignment + "'");
            }
            changes.set(assignment.substring(0, equals), value(assignment.substring(equals + 1)));
        }
        return changes;
    }

    private static ObjectNode read(Path file) {
        JsonNode json = Json.read(file);
        if (json instanceof ObjectNode object) {
            return object;
        }
        throw new CliException(file + " must hold one JSON object with settings");
    }

    /** A number, true, false, or else a string. */
    private static JsonNode value(String text) {
        if (text.matches("true|false|-?(0|[1-9][0-9]*)(\\.[0-9]+)?([eE][-+]?[0-9]+)?")) {
            return Json.parse(text, "--set");
        }
        return JsonNodeFactory.instance.textNode(text);
    }
}
