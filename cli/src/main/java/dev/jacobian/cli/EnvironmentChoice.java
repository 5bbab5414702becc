// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Chat;
import dev.jacobian.io.chat.ChatBridge;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.environment.catalog.EnvironmentKind;
import dev.jacobian.rl.environment.catalog.Environments;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The environment that a run's policy talks with.
 *
 * @param kind with its settings
 * @param ownProblems whether it brings the problems along, rather than {@code --task} or {@code --data}
 */
record EnvironmentChoice(EnvironmentKind kind, boolean ownProblems) {
    private static final String NAME = "environment";
    private static final String SETTINGS = "environment_settings";
    private static final String OWN = "environment_problems";

    /** The same in run.json. */
    Map<String, String> options() {
        ObjectNode settings = Json.object();
        Environments.settings(kind).forEach(key -> settings.set(key.name(), key.value()));
        return new TreeMap<>(
                Map.of(NAME, kind.name(), SETTINGS, Json.compact(settings), OWN, Boolean.toString(ownProblems)));
    }

    /** The choice that a run was started with; empty if it has no environment. */
    static Optional<EnvironmentChoice> read(JsonNode options, String file) {
        if (!options.has(NAME)) {
            return Optional.empty();
        }
        JsonNode settings = Json.parse(options.path(SETTINGS).asText(), file + ", " + SETTINGS);
        if (!(settings instanceof ObjectNode object)) {
            throw new FormatException(file, "'" + SETTINGS + "' is no object", "Start a new run");
        }
        return Optional.of(new EnvironmentChoice(
                Environments.of(options.get(NAME).asText(), new Given().setAll(object, file)),
                options.path(OWN).asBoolean()));
    }

    /** Whether a template tells a model of tools, in a form whose calls are read here. */
    private static boolean showsTools(ChatTemplate template) {
        Chat chat = Chat.of(Json.object().arrayNode().add(ChatBridge.user("?")), "a question")
                .withTools(Json.object().arrayNode().add(Json.object()));
        return ToolCallFormat.of(template.source(chat)).isPresent();
    }

    /**
     * The task of playing in it.
     *
     * @param others its problems, where it does not bring them along
     */
    Task task(Optional<Task> others, CausalLM model) {
        boolean isConversation = ChatTemplate.of(model.tokenizer().config(), "the model")
                .filter(template -> !kind.hasTools() || showsTools(template))
                .isPresent();
        try {
            return kind.task(others, isConversation);
        } catch (IllegalArgumentException wrong) {
            throw new CliException(String.valueOf(wrong.getMessage()), wrong);
        }
    }
}
