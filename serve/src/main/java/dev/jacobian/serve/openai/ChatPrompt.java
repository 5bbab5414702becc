// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.chat.RenderedChat;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import java.util.Optional;

/**
 * The prompt of a chat request.
 *
 * @param tokens ids
 * @param tools what may be called
 * @param calls how calls are written; empty if there are no tools
 */
record ChatPrompt(int[] tokens, ToolChoice tools, Optional<ToolCallFormat> calls) {
    /** Reads the fields that say what the model is told: messages, tools, and vLLM's for the template. */
    static ChatPrompt read(RequestFields fields, ServedModel model) {
        return read(fields, fields.get("messages"), "messages", model);
    }

    /**
     * The same where messages come from elsewhere.
     *
     * @param name of the field that they come from, for messages
     */
    static ChatPrompt read(RequestFields fields, JsonNode conversation, String name, ServedModel model) {
        ChatTemplate template = model.template()
                .orElseThrow(() -> WebException.malformed("the model '" + model.name()
                        + "' has no chat template, so it knows no conversations; use /v1/completions,"
                        + " or serve an instruct model"));
        ToolChoice tools = ToolChoice.read(fields);
        ObjectNode variables = Json.object();
        if (fields.object("chat_template_kwargs").isPresent()) {
            fields.get("chat_template_kwargs").properties().forEach(entry -> {
                if (Chat.isPart(entry.getKey())) {
                    throw WebException.invalid(
                            "chat_template_kwargs." + entry.getKey(),
                            "'" + entry.getKey() + "' is a field of the request, not a variable of the chat template;"
                                    + " write it beside chat_template_kwargs");
                }
                variables.set(entry.getKey(), entry.getValue());
            });
        }
        fields.string("reasoning_effort").ifPresent(effort -> variables.put("reasoning_effort", effort));
        boolean continued = fields.bool("continue_final_message", false);
        boolean prompted = fields.bool("add_generation_prompt", !continued);
        JsonNode documents = fields.array("documents").orElse(NullNode.instance);
        try {
            Chat bare = new Chat(
                    Json.object().arrayNode(),
                    tools.tools().isEmpty() ? NullNode.instance : tools.tools(),
                    documents,
                    prompted,
                    continued,
                    Optional.empty(),
                    variables);
            String source = template.source(bare);
            ArrayNode messages = ChatMessages.forTemplate(conversation, name, source);
            Optional<ToolCallFormat> calls = tools.tools().isEmpty()
                    ? Optional.empty()
                    : Optional.of(model.calls()
                            .or(() -> ToolCallFormat.of(source))
                            .orElseThrow(() -> WebException.invalid(
                                    "tools",
                                    "the chat template of '" + model.name()
                                            + "' has no tools, or in a form whose calls are not read here")));
            RenderedChat rendered = template.render(bare.withMessages(messages));
            String opening = tools.forced().isEmpty()
                    ? ""
                    : calls.map(ToolCallFormat::opening).orElse("");
            return new ChatPrompt(model.tokenizer().encode(rendered.text() + opening, false), tools, calls);
        } catch (FormatException e) {
            throw WebException.invalid(name, e.what() + ". " + e.fix());
        }
    }
}
