// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.environment.Start;

/** A tool that is a function of one text. */
record FunctionTool(String name, String description, String parameter, Tool.TextFunction function) implements Tool {
    @Override
    public ObjectNode parameters() {
        return of(parameter, "string");
    }

    /** The schema of an object with one member. */
    static ObjectNode of(String parameter, String type) {
        ObjectNode schema = Json.object().put("type", "object");
        schema.putObject("properties").putObject(parameter).put("type", type);
        schema.putArray("required").add(parameter);
        return schema;
    }

    @Override
    public ToolUse open(Start start) {
        return arguments -> function.apply(text(arguments, parameter));
    }

    /** A text among a call's arguments; a number counts as one. */
    static String text(ObjectNode arguments, String parameter) throws ToolException {
        JsonNode value = arguments.path(parameter);
        if (!value.isTextual() && !value.isNumber()) {
            throw new ToolException("the argument '" + parameter + "' is missing, or no text");
        }
        return value.asText();
    }
}
