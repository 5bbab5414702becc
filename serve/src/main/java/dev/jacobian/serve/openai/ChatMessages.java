// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import java.util.Set;

/**
 * OpenAI's messages as chat templates read them.
 *
 * <p>Three things differ. Content in parts becomes one string, its parts on lines of their own; what is no text is refused. The
 * arguments of calls are JSON in a string for OpenAI and an object for templates. And {@code developer} is {@code system} to a template
 * that does not know the word.
 */
final class ChatMessages {
    private static final Set<String> ROLES = Set.of("developer", "system", "user", "assistant", "tool");

    private ChatMessages() {}

    /**
     * The messages for a template.
     *
     * @param name of the field that they come from, for messages of errors
     * @param source the template's
     */
    static ArrayNode forTemplate(JsonNode messages, String name, String source) {
        if (!messages.isArray() || messages.isEmpty()) {
            throw RequestFields.wrong(name, "an array of at least one message", messages);
        }
        ArrayNode out = Json.object().arrayNode();
        for (int i = 0; i < messages.size(); i++) {
            String path = name + "[" + i + "]";
            if (!(messages.get(i) instanceof ObjectNode message)) {
                throw RequestFields.wrong(path, "an object", messages.get(i));
            }
            out.add(message(message, path, source));
        }
        return out;
    }

    private static ObjectNode message(ObjectNode message, String path, String source) {
        String role = message.path("role").asText("");
        if (!ROLES.contains(role)) {
            throw RequestFields.wrong(
                    path + ".role", "developer, system, user, assistant or tool", message.path("role"));
        }
        ObjectNode copy = message.deepCopy();
        if (role.equals("developer") && !source.contains("developer")) {
            copy.put("role", "system");
        }
        copy.put("content", content(message, role, path));
        if (message.hasNonNull("tool_calls")) {
            copy.set("tool_calls", calls(message.get("tool_calls"), path + ".tool_calls"));
        } else {
            copy.remove("tool_calls");
        }
        return copy;
    }

    private static String content(ObjectNode message, String role, String path) {
        JsonNode content = message.path("content");
        if (content.isTextual()) {
            return content.textValue();
        }
        if (content.isArray()) {
            StringBuilder text = new StringBuilder();
            for (JsonNode part : content) {
                if (!part.path("type").asText("").equals("text")
                        || !part.path("text").isTextual()) {
                    throw WebException.invalid(
                            path + ".content",
                            path + ".content has a part that is no text (" + Json.excerpt(part.path("type"))
                                    + "); only texts are read");
                }
                text.append(text.isEmpty() ? "" : "\n").append(part.get("text").textValue());
            }
            return text.toString();
        }
        if (role.equals("assistant") && (content.isNull() || content.isMissingNode())) {
            return ""; // beside calls
        }
        throw RequestFields.wrong(path + ".content", "a string or an array of parts", content);
    }

    private static ArrayNode calls(JsonNode calls, String path) {
        ArrayNode out = Json.object().arrayNode();
        for (JsonNode call : calls) {
            JsonNode function = call.path("function");
            if (!function.path("name").isTextual()) {
                throw RequestFields.wrong(path, "an array of {type, id, function: {name, arguments}}", calls);
            }
            ObjectNode copy = call.deepCopy();
            JsonNode arguments = function.path("arguments");
            if (arguments.isTextual()) {
                ((ObjectNode) copy.get("function")).set("arguments", parsed(arguments.textValue(), path));
            }
            out.add(copy);
        }
        return out;
    }

    private static JsonNode parsed(String arguments, String path) {
        try {
            return Json.parse(arguments.isBlank() ? "{}" : arguments, path);
        } catch (FormatException e) {
            throw WebException.invalid(path, "the arguments of a call are no JSON: " + e.what());
        }
    }
}
