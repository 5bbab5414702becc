// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import java.util.Optional;

/**
 * What of an observation a policy is told.
 *
 * @param field the member; empty: the only one if that is a text, or else all of it as JSON
 */
record Observed(String field) {
    /** The text; empty if there is nothing to tell. */
    Optional<String> text(JsonNode observation) throws OpenEnvException {
        if (observation.isEmpty()) {
            return Optional.empty();
        }
        if (!field.isEmpty()) {
            if (!observation.has(field)) {
                throw new OpenEnvException("", "the observation has no '" + field + "': " + Json.excerpt(observation));
            }
            return Optional.of(text(observation, field));
        }
        boolean isText =
                observation.size() == 1 && observation.elements().next().isTextual();
        return Optional.of(isText ? observation.elements().next().textValue() : Json.compact(observation));
    }

    private static String text(JsonNode observation, String field) {
        JsonNode value = observation.get(field);
        return value.isTextual() ? value.textValue() : Json.compact(value);
    }
}
