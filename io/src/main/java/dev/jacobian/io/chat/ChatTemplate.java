// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.jinja.JinjaException;
import dev.jacobian.io.jinja.JinjaLimits;
import dev.jacobian.io.jinja.JinjaTemplate;
import dev.jacobian.io.tokenizer.TokenizerConfig;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The chat templates of a checkpoint: they make the text of a conversation that its model was trained on.
 *
 * <p>Everything is as in transformers' {@code apply_chat_template}: which of several templates is taken ({@code tool_use} with
 * tools, if there is one), which variables it finds ({@code messages}, {@code tools}, {@code documents}, {@code
 * add_generation_prompt}, the special tokens such as {@code bos_token}, then the caller's own, which win over special
 * tokens), and how a final message is left open.
 *
 * <p>A rendered text brings its special tokens along, so it is encoded without adding any.
 */
public final class ChatTemplate {
    private static final String USUAL = "default";
    private static final String WITH_TOOLS = "tool_use";

    private final Map<String, String> sources;
    private final Map<String, String> specialTokens;
    private final String where;
    private final Clock clock;
    private final JinjaLimits limits;
    private final Map<String, JinjaTemplate> parsed = new ConcurrentHashMap<>();

    private ChatTemplate(
            Map<String, String> sources,
            Map<String, String> specialTokens,
            String where,
            Clock clock,
            JinjaLimits limits) {
        this.sources = sources;
        this.specialTokens = specialTokens;
        this.where = where;
        this.clock = clock;
        this.limits = limits;
    }

    /**
     * The templates of a checkpoint; empty if it has none.
     *
     * @param where names the checkpoint in error messages
     */
    public static Optional<ChatTemplate> of(TokenizerConfig config, String where) {
        return config.chatTemplates().isEmpty()
                ? Optional.empty()
                : Optional.of(new ChatTemplate(
                        config.chatTemplates(),
                        config.specialTokens(),
                        where,
                        Clock.systemDefaultZone(),
                        JinjaLimits.DEFAULT));
    }

    /**
     * The templates of a checkpoint.
     *
     * @throws FormatException if it has none
     */
    public static ChatTemplate require(TokenizerConfig config, String where) {
        return of(config, where)
                .orElseThrow(() -> new FormatException(
                        where,
                        "there is no chat template: neither chat_template.jinja nor 'chat_template' in"
                                + " tokenizer_config.json",
                        "Take an instruct model, or put the template that this one was trained with there; without"
                                + " one, give the whole text as a prompt"));
    }

    /**
     * A template of one's own for a checkpoint.
     *
     * @param source of the template
     * @param config has the special tokens, which it reads as variables
     * @param where names the template in error messages
     */
    public static ChatTemplate of(String source, TokenizerConfig config, String where) {
        return new ChatTemplate(
                Map.of(USUAL, source), config.specialTokens(), where, Clock.systemDefaultZone(), JinjaLimits.DEFAULT);
    }

    /** The same with another clock for {@code strftime_now}, so that a rendering can be repeated. */
    public ChatTemplate at(Clock other) {
        return new ChatTemplate(sources, specialTokens, where, other, limits);
    }

    /** The same with other limits. */
    public ChatTemplate within(JinjaLimits others) {
        return new ChatTemplate(sources, specialTokens, where, clock, others);
    }

    /**
     * A conversation as text.
     *
     * @throws FormatException if the template is broken, refuses the conversation or fails on it, or if the final message
     *     cannot be left open
     */
    public RenderedChat render(Chat chat) {
        if (chat.continueFinalMessage() && chat.addGenerationPrompt()) {
            throw failure(
                    "continue_final_message and add_generation_prompt exclude each other",
                    "Ask for the one to continue the last message, for the other to begin a new one");
        }
        if (!chat.continueFinalMessage()) {
            JinjaTemplate.Rendering rendering = run(chat);
            return new RenderedChat(rendering.text(), rendering.generations());
        }
        OpenMessage open = OpenMessage.of(chat.messages(), where);
        return new RenderedChat(open.cut(run(chat.withMessages(open.messages())).text()), List.of());
    }

    private JinjaTemplate.Rendering run(Chat chat) {
        String source = source(chat);
        ObjectNode variables = Json.object();
        specialTokens.forEach(variables::put);
        variables.setAll(chat.variables());
        variables.set("messages", chat.messages());
        variables.set("tools", chat.tools());
        variables.set("documents", chat.documents());
        variables.put("add_generation_prompt", chat.addGenerationPrompt());
        try {
            return template(source).render(variables, clock, limits);
        } catch (JinjaException e) {
            throw failure(e);
        }
    }

    private JinjaTemplate template(String source) {
        return parsed.computeIfAbsent(source, JinjaTemplate::parse);
    }

    /** Whether the template that a conversation takes marks what the assistant says. */
    public boolean marksGenerations(Chat chat) {
        try {
            return template(source(chat)).marksGenerations();
        } catch (JinjaException e) {
            throw failure(e);
        }
    }

    /** The source of the template that a conversation takes. */
    public String source(Chat chat) {
        if (chat.template().isPresent()) {
            return sources.getOrDefault(chat.template().get(), chat.template().get());
        }
        String named = chat.tools().isNull() ? USUAL : sources.containsKey(WITH_TOOLS) ? WITH_TOOLS : USUAL;
        String source = sources.get(named);
        if (source == null) {
            throw failure(
                    "there are several chat templates and none of them is the usual one: "
                            + new TreeSet<>(sources.keySet()),
                    "Name one as 'chat_template'");
        }
        return source;
    }

    private FormatException failure(JinjaException e) {
        String place = where + ", chat template" + (e.line() > 0 ? ", line " + e.line() : "");
        String message = String.valueOf(e.getMessage());
        return switch (e.kind()) {
            case RAISED ->
                new FormatException(
                        place,
                        "the template refuses this conversation: " + message,
                        "Give messages as the model expects them",
                        e);
            case LIMIT ->
                new FormatException(
                        place, message, "Shorten the conversation; a template that needs more is broken or hostile", e);
            case SYNTAX ->
                new FormatException(place, "not a template: " + message, "Fetch the template again, or correct it", e);
            case UNDEFINED, SECURITY, OPERATION ->
                new FormatException(
                        place,
                        "the template fails on this conversation: " + message,
                        "Check the parts of the messages that it reads there, or pass the variable that it asks for",
                        e);
        };
    }

    private FormatException failure(String what, String fix) {
        return new FormatException(where + ", chat template", what, fix);
    }
}
