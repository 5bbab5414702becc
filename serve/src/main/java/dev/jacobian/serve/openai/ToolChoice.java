// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Which functions an answer may call.
 *
 * @param tools what the model is told of, as OpenAI's schemas; empty if it is told of none
 * @param forced names of functions of which one must be called; empty if none must
 * @param parallel whether there may be several calls
 */
record ToolChoice(ArrayNode tools, List<String> forced, boolean parallel) {
    static ToolChoice read(RequestFields fields) {
        ArrayNode tools =
                (ArrayNode) fields.array("tools").orElseGet(() -> Json.object().arrayNode());
        Map<String, JsonNode> functions = new LinkedHashMap<>();
        for (int i = 0; i < tools.size(); i++) {
            String path = "tools[" + i + "]";
            JsonNode function = tools.get(i).path("function");
            if (!tools.get(i).path("type").asText("").equals("function")
                    || !function.path("name").asText("").matches("[A-Za-z0-9_.-]{1,64}")) {
                throw RequestFields.wrong(
                        path,
                        "{\"type\": \"function\", \"function\": {\"name\": …}} with a name of letters, digits,"
                                + " _ and -",
                        tools.get(i));
            }
            if (functions.put(function.get("name").textValue(), function) != null) {
                throw WebException.invalid(path, "there are two functions named " + function.get("name"));
            }
        }
        boolean parallel = fields.bool("parallel_tool_calls", true);
        Optional<JsonNode> choice = fields.find("tool_choice");
        if (choice.isEmpty()) {
            return new ToolChoice(tools, List.of(), parallel);
        }
        JsonNode asked = choice.get();
        if (asked.asText("").equals("none")) {
            return new ToolChoice(Json.object().arrayNode(), List.of(), parallel);
        }
        if (tools.isEmpty()) {
            throw WebException.invalid("tool_choice", "tool_choice has no meaning without tools");
        }
        if (asked.asText("").equals("auto")) {
            return new ToolChoice(tools, List.of(), parallel);
        }
        if (asked.asText("").equals("required")) {
            return new ToolChoice(tools, List.copyOf(functions.keySet()), parallel);
        }
        String name = asked.path("function").path("name").asText("");
        if (!functions.containsKey(name)) {
            throw RequestFields.wrong(
                    "tool_choice",
                    "none, auto, required or {\"type\": \"function\", \"function\": {\"name\": …}} with one of "
                            + functions.keySet(),
                    asked);
        }
        return new ToolChoice(tools, List.of(name), parallel);
    }

    /** Names of the functions that the model is told of. */
    Set<String> names() {
        Set<String> names = new java.util.LinkedHashSet<>();
        tools.forEach(tool -> names.add(tool.path("function").path("name").textValue()));
        return names;
    }

    /** The schema of a function's arguments: any object, if it has none. */
    JsonNode parameters(String name) {
        for (JsonNode tool : tools) {
            JsonNode function = tool.path("function");
            if (function.path("name").asText().equals(name)
                    && function.path("parameters").isObject()) {
                return function.get("parameters");
            }
        }
        return Json.object().put("type", "object");
    }
}
