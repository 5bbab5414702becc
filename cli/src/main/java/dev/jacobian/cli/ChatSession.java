// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.Conversation;
import dev.jacobian.io.tokenizer.StreamingDecoder;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.FinishReason;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Prefix;
import dev.jacobian.transformer.generation.RequestListener;
import dev.jacobian.transformer.generation.Submission;
import dev.jacobian.transformer.generation.TokenLogProb;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.function.IntFunction;

/**
 * Talks with a model: messages and commands in, answers out.
 *
 * <p>The engine keeps what it computed of earlier turns, and the {@link Conversation} hands it the same tokens again, so a turn costs
 * what is new in it. Draws are keyed by (seed, turn, try): a conversation can be repeated, and {@code /retry} draws anew.
 */
final class ChatSession {
    private static final String HELP = """
        /help           this
        /system TEXT    tell the model something before everything else; without TEXT nothing any more
        /retry          another answer to the last message
        /clear, /reset  forget the conversation, but for the system message
        /save FILE      write the conversation as JSON, for --chat of this command and of generate
        /exit           end; so does Ctrl-D
        Ctrl-C stops an answer. A line that ends with \\ goes on on the next one. A message that begins with a slash
        is written with two: //text.\
        """;

    private final CausalLM model;
    private final AsyncEngine engine;
    private final Conversation conversation;
    private final IntFunction<GenerationConfig> config;
    private final ChatConsole console;
    private int tries;

    /** @param config how to generate, given how many more positions the model has */
    ChatSession(
            CausalLM model,
            AsyncEngine engine,
            Conversation conversation,
            IntFunction<GenerationConfig> config,
            ChatConsole console) {
        this.model = model;
        this.engine = engine;
        this.conversation = conversation;
        this.config = config;
        this.console = console;
    }

    /** Until the user leaves. */
    void run() throws InterruptedException {
        for (Optional<String> said = console.read(); said.isPresent(); said = console.read()) {
            String text = said.get();
            if (text.isBlank()) {
                continue;
            }
            if (text.startsWith("/") && !text.startsWith("//")) {
                String[] parts = text.strip().split("\\s+", 2);
                if (!command(parts[0], parts.length > 1 ? parts[1] : "")) {
                    return;
                }
            } else {
                tries = 0;
                conversation.user(text.startsWith("//") ? text.substring(1) : text);
                answer();
            }
        }
    }

    /** Carries out a command; whether to go on. */
    private boolean command(String name, String rest) throws InterruptedException {
        switch (name) {
            case "/help" -> console.tell(HELP);
            case "/clear", "/reset" -> {
                conversation.clear();
                console.tell("forgotten");
            }
            case "/system" -> {
                conversation.system(rest.isEmpty() ? Optional.empty() : Optional.of(rest));
                console.tell(rest.isEmpty() ? "no system message" : "the system message is set");
            }
            case "/retry" -> retry();
            case "/save" -> save(rest);
            case "/exit", "/quit" -> {
                return false;
            }
            default -> problem("there is no command " + name + "; /help names them all", Optional.empty());
        }
        return true;
    }

    private void retry() throws InterruptedException {
        conversation.takeBack("assistant");
        if (conversation.turns() == 0) {
            problem("there is nothing to answer yet", Optional.empty());
            return;
        }
        tries++;
        answer();
    }

    private void save(String name) {
        try {
            if (name.isEmpty()) {
                throw new CliException("/save needs a file: /save FILE");
            }
            Path file = Path.of(name);
            if (Files.exists(file)) {
                throw new CliException(file + " exists; name another file");
            }
            AtomicFiles.writeString(file, Json.pretty(conversation.messages()));
            console.tell("saved to " + file);
        } catch (InvalidPathException | CliException | java.io.UncheckedIOException e) {
            problem(String.valueOf(e.getMessage()), Optional.of(e));
        }
    }

    private void problem(String message, Optional<RuntimeException> cause) {
        if (!console.forgives()) {
            throw cause.orElseGet(() -> new CliException(message));
        }
        console.tell(message);
    }

    private void answer() throws InterruptedException {
        int[] prompt;
        try {
            prompt = conversation.prompt();
        } catch (FormatException e) {
            conversation.takeBack("user");
            problem(e.getMessage() + " (your message was taken back)", Optional.of(e));
            return;
        }
        int room = model.config().maxPositions() - prompt.length;
        if (room < 1) {
            conversation.takeBack("user");
            problem(
                    "the conversation has " + prompt.length + " tokens with your message, and the model "
                            + model.config().maxPositions()
                            + " positions: your message was taken back. /clear begins anew",
                    Optional.empty());
            return;
        }
        Generation generation = generate(prompt, room);
        String said = conversation.assistant(generation.tokenIds());
        console.end(said, generation, prompt.length);
        if (generation.finishReason() == FinishReason.LENGTH && generation.tokenIds().length >= room) {
            console.tell("the answer ends here because the model's "
                    + model.config().maxPositions() + " positions are full; /clear begins anew");
        }
    }

    private Generation generate(int[] prompt, int room) throws InterruptedException {
        BlockingQueue<Optional<Integer>> tokens = new LinkedBlockingQueue<>(); // empty when it has ended
        RequestListener listener = new RequestListener() {
            @Override
            public void onToken(int sample, int token, float logProb, List<TokenLogProb> likeliest) {
                tokens.add(Optional.of(token));
            }
        };
        Submission submission = engine.submit(new GenerationRequest(
                new Prefix(prompt, conversation.turns() - 1L, tries, 0),
                1,
                config.apply(room),
                GenerationRequest.NEVER,
                listener));
        var unused = submission.result().whenComplete((result, failure) -> tokens.add(Optional.empty()));
        console.begin(submission::cancel);
        StreamingDecoder decoder = model.tokenizer().streamingDecoder(true);
        try {
            for (Optional<Integer> token = tokens.take(); token.isPresent(); token = tokens.take()) {
                console.piece(decoder.push(token.get()));
            }
            console.piece(decoder.finish());
            return submission.result().join().getFirst();
        } catch (CompletionException | CancellationException e) {
            throw e.getCause() instanceof RuntimeException known ? known : e;
        } finally {
            submission.cancel();
        }
    }
}
