// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Conversation;
import dev.jacobian.io.chat.Messages;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import org.jline.terminal.TerminalBuilder;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code chat}: a conversation with a model in the terminal. */
@Command(
        name = "chat",
        header = "Talk with a model.",
        description = {
            "A conversation in the terminal. Answers are printed as they come, control characters as escapes; Ctrl-C"
                    + " stops an answer, Ctrl-D ends the conversation, /help names the commands. What was computed of"
                    + " earlier turns is kept.",
            "",
            "Without a terminal each line of standard input is a message. With --json each answer is an object on a"
                    + " line: role, content, token_ids, finish_reason, prompt_tokens, completion_tokens."
        },
        footer = {
            "%nExamples:",
            "  jacobian chat --model DIR",
            "  jacobian chat --model DIR --system \"You answer in French.\" --temperature 0.7",
            "  printf 'Hello\\nWho are you?\\n' | jacobian chat --model DIR --greedy --json"
        })
final class ChatCommand extends CliCommand {
    private static final int USUAL_TOKENS = 1024;

    @Mixin
    private ModelOption model;

    @Mixin
    private WeightsOption weights;

    @Mixin
    private KvCacheOption kvCache;

    @Option(names = "--system", paramLabel = "TEXT", description = "What the model is told before everything else.")
    private Optional<String> system = Optional.empty();

    @Option(
            names = "--chat",
            paramLabel = "FILE",
            description = "JSON file with a conversation to go on from: an array of messages, as /save writes it.")
    private Optional<Path> chat = Optional.empty();

    @Mixin
    private TemplateOption template;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            description = "Stop an answer after so many tokens (default: 1024, or as many as there are positions for).")
    private Optional<Integer> maxNewTokens = Optional.empty();

    @Option(names = "--greedy", description = "Take the likeliest token each time instead of sampling.")
    private boolean greedy;

    @Mixin
    private SamplingOptions sampling;

    @Mixin
    private RecommendedOption recommended;

    private boolean told;

    ChatCommand(Streams streams) {
        super(streams);
    }

    private GenerationSettings settings() {
        return sampling.over(recommended.settings(model.folder()), greedy);
    }

    private GenerationConfig config(int room) {
        try {
            return GenerationOptions.builder(settings(), common().seed())
                    .maxNewTokens(Math.min(maxNewTokens.orElse(USUAL_TOKENS), room))
                    .build();
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage());
        }
    }

    /** The configuration of an answer; before the first one it is said what the model's own settings do. */
    private GenerationConfig answering(int room) {
        if (!told) {
            told = true;
            recommended.tell(settings(), streams());
        }
        return config(room);
    }

    @Override
    void checkUsage() {
        try {
            config(Integer.MAX_VALUE);
        } catch (FormatException wrong) {
            if (wrong.where().startsWith("--")) {
                throw usage(wrong.getMessage());
            }
            throw wrong;
        }
    }

    @Override
    void execute() {
        Path folder = model.folder();
        CausalLM loaded = kvCache.limit(weights.load(folder, kvCache.in(modelOptions(folder))));
        Conversation conversation = new Conversation(
                loaded.tokenizer(), template.require(loaded.tokenizer().config(), folder), Json.object());
        chat.ifPresent(file -> conversation.messages(Messages.require(Json.read(file), file.toString())));
        if (system.isPresent()) {
            conversation.system(system);
        }
        AsyncEngine engine = new AsyncEngine(loaded, EngineConfig.DEFAULT);
        try (ChatConsole console = console()) {
            new ChatSession(loaded, engine, conversation, this::answering, console).run();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            engine.close(Duration.ZERO);
        }
    }

    private ChatConsole console() {
        if (common().json() || System.console() == null || !System.console().isTerminal()) {
            return new PipedConsole(streams(), common().json());
        }
        try {
            streams().note("/help names the commands, Ctrl-D ends");
            return new TerminalConsole(
                    TerminalBuilder.builder().system(true).dumb(true).build());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot open the terminal", e);
        }
    }
}
