// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;

/**
 * What a chat template is given: a conversation, and how it is to be rendered. The parts have the names that they have in
 * transformers' {@code apply_chat_template}.
 *
 * @param messages objects with {@code role}, usually {@code content}, and whatever else the template reads
 * @param tools JSON schemas of functions; null as JSON if there are none
 * @param documents for answers that cite them; null as JSON if there are none
 * @param addGenerationPrompt whether the text ends with the header of an assistant's turn
 * @param continueFinalMessage whether the text ends within the last message, so that it can be continued
 * @param template the name of a template, or the source of one; empty for the usual one
 * @param variables what else the template reads, such as {@code enable_thinking}
 */
public record Chat(
        ArrayNode messages,
        JsonNode tools,
        JsonNode documents,
        boolean addGenerationPrompt,
        boolean continueFinalMessage,
        Optional<String> template,
        ObjectNode variables) {
    private static final Set<String> OWN = Set.of(
            "messages",
            "tools",
            "documents",
            "add_generation_prompt",
            "continue_final_message",
            "chat_template",
            "chat_template_kwargs");

    /** Only messages, the rest as usual. */
    public static Chat of(JsonNode messages, String where) {
        return parts(Json.object().set("messages", messages), where);
    }

    /**
     * Reads a conversation: an array of messages, or an object with {@code messages}, the other parts, and any variables of the
     * template beside them or in {@code chat_template_kwargs}.
     *
     * @param where names the source in error messages
     * @throws FormatException if it is neither, or a part has the wrong type
     */
    public static Chat read(JsonNode json, String where) {
        if (json.isArray()) {
            return of(json, where);
        }
        if (!(json instanceof ObjectNode object) || !object.has("messages")) {
            throw new FormatException(
                    where,
                    "expected an array of messages or an object with 'messages', found " + Json.excerpt(json),
                    "Write it as [{\"role\": \"user\", \"content\": \"Hello\"}]");
        }
        return parts(object, where);
    }

    private static Chat parts(JsonNode object, String where) {
        ObjectNode variables = Json.object();
        object.properties().forEach(entry -> {
            if (!OWN.contains(entry.getKey())) {
                variables.set(entry.getKey(), entry.getValue());
            }
        });
        part(object, "chat_template_kwargs", JsonNode::isObject, "an object", where)
                .ifPresent(more -> addVariables(more, variables, where));
        return new Chat(
                Messages.require(object.path("messages"), where + ", messages"),
                part(object, "tools", Chat::isTools, "an array of schemas (objects)", where)
                        .orElse(NullNode.instance),
                part(object, "documents", JsonNode::isArray, "an array of objects", where)
                        .orElse(NullNode.instance),
                truth(object, "add_generation_prompt", where),
                truth(object, "continue_final_message", where),
                part(object, "chat_template", JsonNode::isTextual, "a template's name or source", where)
                        .map(JsonNode::textValue),
                variables);
    }

    /** Whether a name is that of a part of a conversation, which can be no variable of its template. */
    public static boolean isPart(String name) {
        return OWN.contains(name);
    }

    private static void addVariables(JsonNode more, ObjectNode variables, String where) {
        more.properties().forEach(entry -> {
            if (OWN.contains(entry.getKey())) {
                throw new FormatException(
                        where + ", chat_template_kwargs",
                        "'" + entry.getKey() + "' is a part of a conversation, not a variable of its template",
                        "Write it beside chat_template_kwargs");
            }
            variables.set(entry.getKey(), entry.getValue());
        });
    }

    private static boolean isTools(JsonNode tools) {
        return tools.isArray() && tools.valueStream().allMatch(JsonNode::isObject);
    }

    private static boolean truth(JsonNode object, String key, String where) {
        return part(object, key, JsonNode::isBoolean, "true or false", where)
                .map(JsonNode::booleanValue)
                .orElse(false);
    }

    private static Optional<JsonNode> part(
            JsonNode object, String key, Predicate<JsonNode> type, String expected, String where) {
        JsonNode value = object.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!type.test(value)) {
            throw new FormatException(
                    where + ", " + key, "expected " + expected + ", found " + Json.excerpt(value), "Correct it");
        }
        return Optional.of(value);
    }

    /** The same with other messages. */
    public Chat withMessages(ArrayNode others) {
        return new Chat(others, tools, documents, addGenerationPrompt, continueFinalMessage, template, variables);
    }

    /** The same with other tools. */
    public Chat withTools(JsonNode others) {
        return new Chat(messages, others, documents, addGenerationPrompt, continueFinalMessage, template, variables);
    }

    /** The same, ending with the header of an assistant's turn or not. */
    public Chat withGenerationPrompt(boolean value) {
        return new Chat(messages, tools, documents, value, continueFinalMessage, template, variables);
    }

    /** The same, ending within the last message or not. */
    public Chat withContinuedMessage(boolean value) {
        return new Chat(messages, tools, documents, addGenerationPrompt, value, template, variables);
    }
}
