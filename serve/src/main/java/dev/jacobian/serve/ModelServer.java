// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve;

import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.serve.http.Access;
import dev.jacobian.serve.http.WebLimits;
import dev.jacobian.serve.http.WebRequest;
import dev.jacobian.serve.http.WebServer;
import dev.jacobian.serve.openai.OpenAiEndpoint;
import dev.jacobian.serve.openai.ServedModel;
import dev.jacobian.serve.training.TrainingConfig;
import dev.jacobian.serve.training.TrainingEndpoint;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.AsyncEngine;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.EngineMetrics;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * A model behind OpenAI's protocol, with a page to chat with.
 *
 * <pre>{@code
 * CausalLM model = CausalLM.load(Path.of("models/my-model"));
 * try (ModelServer server = ModelServer.of(model, "my-model").start(new InetSocketAddress("127.0.0.1", 8000))) {
 *     System.in.read();
 * }
 * }</pre>
 *
 * <p>Requests of all clients are generated together (continuous batching), and a request's tokens are those that
 * {@code Generator} gives for its seed, whoever else is served. Routes: {@code /v1/chat/completions}, {@code /v1/responses}, {@code
 * /v1/completions}, {@code /v1/models}, {@code /metrics}, and without a key {@code /} and {@code /health}; where
 * clients may train, those under {@code /api/v1} too ({@link TrainingEndpoint}). Only this machine may ask unless there is a key
 * ({@link Access}).
 */
public final class ModelServer implements AutoCloseable {
    private final AsyncEngine engine;
    private final Optional<TrainingEndpoint> training;
    private final WebServer web;

    private ModelServer(Builder builder, InetSocketAddress address) throws IOException {
        engine = new AsyncEngine(builder.model, builder.engine);
        training = Optional.ofNullable(builder.training)
                .map(how -> new TrainingEndpoint(
                        how.base(), builder.name, how.config(), builder.engine, builder.seeds, builder.clock));
        try {
            ServedModel served = new ServedModel(
                    builder.name,
                    builder.model,
                    engine,
                    builder.template,
                    builder.calls,
                    builder.defaults,
                    builder.maxTokens,
                    builder.clock.instant());
            OpenAiEndpoint endpoint = new OpenAiEndpoint(served, builder.seeds, builder.clock);
            ChatPage page = new ChatPage();
            WebServer.Builder server = WebServer.builder()
                    .access(builder.access)
                    .limits(builder.limits)
                    .listener(endpoint.counter())
                    .publicRoute("GET", "/", page::reply)
                    .publicRoute("GET", "/health", this::health);
            endpoint.addTo(server);
            training.ifPresent(one -> one.addTo(server));
            web = server.start(address);
        } catch (IOException | RuntimeException e) {
            training.ifPresent(TrainingEndpoint::close);
            engine.close(Duration.ZERO);
            throw e;
        }
    }

    /** Whether questions are answered; whoever watches the server starts it anew if not. */
    private void health(WebRequest request) throws IOException {
        boolean works = engine.failure().isEmpty();
        request.reply(works ? 200 : 503, Json.object().put("status", works ? "ok" : "failed"));
    }

    /**
     * A server of one model.
     *
     * @param name what requests call it
     */
    public static Builder of(CausalLM model, String name) {
        return new Builder(model, name);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return web.address();
    }

    /** What the engine is doing. */
    public EngineMetrics metrics() {
        return engine.metrics();
    }

    /** Takes no more requests, lets those that run go on for so long, and ends. */
    public void stop(Duration grace) {
        web.stop(grace);
        training.ifPresent(TrainingEndpoint::close);
        engine.close(Duration.ZERO);
    }

    /** Ends at once. */
    @Override
    public void close() {
        stop(Duration.ZERO);
    }

    /** Builds a {@link ModelServer}. */
    public static final class Builder {
        private static final SecureRandom FRESH = new SecureRandom();

        private final CausalLM model;
        private final String name;
        private EngineConfig engine = EngineConfig.DEFAULT;
        private Access access = Access.local();
        private WebLimits limits = WebLimits.DEFAULT;
        private Supplier<GenerationConfigBuilder> defaults = GenerationConfig::builder;
        private int maxTokens = 4096;
        private Optional<ChatTemplate> template;
        private Optional<ToolCallFormat> calls = Optional.empty();
        private Supplier<Long> seeds = FRESH::nextLong;
        private Clock clock = Clock.systemUTC();
        private @Nullable Training training;

        private record Training(CausalLM base, TrainingConfig config) {}

        private Builder(CausalLM model, String name) {
            this.model = model;
            this.name = name;
            this.template = ChatTemplate.of(model.tokenizer().config(), name);
        }

        /** Limits of what is generated together. */
        public Builder engine(EngineConfig value) {
            engine = value;
            return this;
        }

        /**
         * Lets clients train adapters of the model, by the routes under {@code /api/v1}.
         *
         * @param base the model with an adapter of any kind, which marks its weights as ones that do not change; best the one that
         *     {@link CausalLM#withoutAdapter()} made the served one from, so that both lie in one memory
         */
        public Builder training(CausalLM base, TrainingConfig config) {
            training = new Training(base, config);
            return this;
        }

        /** Who may ask. */
        public Builder access(Access value) {
            access = value;
            return this;
        }

        /** What requests may cost. */
        public Builder limits(WebLimits value) {
            limits = value;
            return this;
        }

        /** The settings of requests that say nothing; usually temperature 1 and no filters. */
        public Builder defaults(Supplier<GenerationConfigBuilder> value) {
            defaults = value;
            return this;
        }

        /** The most new tokens that a request may ask for; usually 4096. */
        public Builder maxTokens(int value) {
            if (value < 1) {
                throw new IllegalArgumentException("the limit of new tokens must be at least 1, got " + value);
            }
            maxTokens = value;
            return this;
        }

        /** The chat template; usually the checkpoint's. */
        public Builder template(ChatTemplate value) {
            template = Optional.of(value);
            return this;
        }

        /** How the model writes calls of functions; usually as its chat template shows. */
        public Builder calls(ToolCallFormat value) {
            calls = Optional.of(value);
            return this;
        }

        /** The seeds of requests that bring none; usually fresh ones. */
        public Builder seeds(Supplier<Long> value) {
            seeds = value;
            return this;
        }

        /** The clock of times in responses. */
        public Builder clock(Clock value) {
            clock = value;
            return this;
        }

        /**
         * Begins to serve.
         *
         * @throws IllegalArgumentException if others can reach the address and there is no key
         * @throws IOException if the address cannot be had, as when another program listens there
         */
        public ModelServer start(InetSocketAddress address) throws IOException {
            return new ModelServer(this, address);
        }
    }
}
