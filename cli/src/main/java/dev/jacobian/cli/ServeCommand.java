// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.serve.ModelServer;
import dev.jacobian.serve.http.Access;
import dev.jacobian.serve.http.ApiKey;
import dev.jacobian.serve.http.WebLimits;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.generation.EngineConfig;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationSettings;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code serve}: a model behind OpenAI's protocol. */
@Command(
        name = "serve",
        header = "Serve a model to other programs, and a page to chat with.",
        description = {
            "An endpoint that speaks OpenAI's protocol: /v1/chat/completions, /v1/responses, /v1/completions and"
                + " /v1/models, with streaming, tools, log-probabilities and JSON schemas; /health and /metrics; at /"
                + " a page to chat with. Requests are generated together; the tokens of a request are those that"
                + " generate gives for its seed.",
            "",
            "With --train clients on this or other machines train adapters of the model: forward and backward passes"
                    + " with losses by name or of their own, optimizer steps, sampling, saving and loading.",
            "",
            "Only this machine is served, unless there is a key. SIGINT and SIGTERM end the server when the requests"
                + " that run have ended, after --grace seconds at the latest. With --json the first line is an object"
                + " with url, model and port."
        },
        footer = {
            "%nExamples:",
            "  jacobian serve --model DIR",
            "  jacobian serve --model DIR --port 0 --name my-model --temperature 0.7",
            "  jacobian serve --model DIR --host 0.0.0.0 --api-key-file key.txt",
            "  jacobian serve --model DIR --train --checkpoints out/training"
        })
final class ServeCommand extends CliCommand {
    @Mixin
    private ModelOption model;

    @Mixin
    private WeightsOption weights;

    @Mixin
    private KvCacheOption kvCache;

    @Option(
            names = "--host",
            paramLabel = "ADDRESS",
            defaultValue = "127.0.0.1",
            description = "Address to listen at (default: ${DEFAULT-VALUE}); one that others can reach needs a key.")
    private String host;

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "8000",
            description = "Port to listen at; 0 for any that is free (default: ${DEFAULT-VALUE}).")
    private int port;

    @Option(
            names = "--api-key-file",
            paramLabel = "FILE",
            description = "File with the key that clients must send, 16 or more characters on one line.")
    private Optional<Path> keyFile = Optional.empty();

    @Option(
            names = "--allow-origin",
            paramLabel = "URL",
            description =
                    "A page from elsewhere that may ask, such as https://example.org; can be given several times.")
    private List<String> origins = new ArrayList<>();

    @Option(
            names = "--name",
            paramLabel = "NAME",
            description = "What requests call the model (default: the name of its folder).")
    private Optional<String> name = Optional.empty();

    @Mixin
    private TemplateOption template;

    @Option(
            names = "--tool-format",
            paramLabel = "FORMAT",
            description =
                    "How the model writes calls of functions: hermes, llama or mistral (default: as its chat template"
                            + " shows).")
    private Optional<ToolCallFormat> toolFormat = Optional.empty();

    @Option(
            names = "--max-requests",
            paramLabel = "N",
            defaultValue = "64",
            description = "Requests at a time; one more is told to come again (default: ${DEFAULT-VALUE}).")
    private int maxRequests;

    @Option(
            names = "--max-sequences",
            paramLabel = "N",
            defaultValue = "64",
            description = "Answers that are generated together; others wait (default: ${DEFAULT-VALUE}).")
    private int maxSequences;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "4096",
            description = "The most new tokens that a request may ask for (default: ${DEFAULT-VALUE}).")
    private int maxNewTokens;

    @Option(
            names = "--grace",
            paramLabel = "SECONDS",
            defaultValue = "10",
            description =
                    "How long requests that run may go on when the server is told to end (default: ${DEFAULT-VALUE}).")
    private int grace;

    @Mixin
    private TrainingOptions training;

    @Mixin
    private SamplingOptions sampling;

    @Mixin
    private RecommendedOption recommended;

    ServeCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        if (port < 0 || port > 65535) {
            throw usage("--port must lie between 0 and 65535, found " + port);
        }
        if (maxNewTokens < 1 || grace < 0) {
            throw usage("--max-new-tokens must be at least 1 and --grace not negative");
        }
        training.check();
        if (training.isAsked() && weights.hasAdapter()) {
            throw usage("--train is for adapters that clients make, over a model without one; leave --adapter out, or"
                    + " serve what jacobian merge makes of both");
        }
        try {
            settings().apply(GenerationConfig.builder()).build();
            engine();
            limits();
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage());
        }
    }

    private WebLimits limits() {
        WebLimits limits = WebLimits.DEFAULT.withRequests(maxRequests);
        return training.isAsked() ? limits.withBodyBytes(TrainingOptions.BODY_BYTES) : limits;
    }

    private GenerationSettings settings() {
        return sampling.over(recommended.settings(model.folder()), false);
    }

    private EngineConfig engine() {
        return EngineConfig.DEFAULT.withMaxSequences(maxSequences);
    }

    @Override
    void execute() {
        Path folder = model.folder();
        GenerationSettings settings = settings();
        Access access = new Access(keyFile.map(ServeCommand::key), origins);
        ModelOptions options = kvCache.in(modelOptions(folder));
        Optional<CausalLM> base =
                training.isAsked() ? Optional.of(kvCache.limit(weights.loadBase(folder, options))) : Optional.empty();
        CausalLM loaded =
                kvCache.limit(base.map(CausalLM::withoutAdapter).orElseGet(() -> weights.load(folder, options)));
        String called = name.orElseGet(
                () -> folder.toAbsolutePath().normalize().getFileName().toString());
        ModelServer.Builder builder = ModelServer.of(loaded, called)
                .access(access)
                .engine(engine())
                .limits(limits())
                .maxTokens(maxNewTokens)
                .defaults(() -> settings.apply(GenerationConfig.builder()));
        base.ifPresent(model -> builder.training(model, training.config()));
        template.find(loaded.tokenizer().config(), folder).ifPresent(builder::template);
        toolFormat.ifPresent(builder::calls);
        common().givenSeed().ifPresent(first -> builder.seeds(new AtomicLong(first)::getAndIncrement));
        ModelServer server = start(builder);
        recommended.tell(settings, streams()); // not before: a failure is told alone
        serve(server, called);
    }

    private ModelServer start(ModelServer.Builder builder) {
        try {
            return builder.start(new InetSocketAddress(InetAddress.getByName(host), port));
        } catch (UnknownHostException e) {
            throw new CliException("--host " + host + " is no address of this machine", e);
        } catch (IOException e) {
            throw new CliException(
                    "cannot listen at " + host + ":" + port + " (" + e.getMessage()
                            + "). Another program may; --port 0 takes any port that is free",
                    e);
        } catch (IllegalArgumentException e) {
            throw usage(e.getMessage() + ": --api-key-file FILE");
        }
    }

    /** Until the process or this thread is told to end. */
    private void serve(ModelServer server, String called) {
        Thread atExit = new Thread(() -> server.stop(Duration.ofSeconds(grace)), "jacobian-serve-exit");
        Runtime.getRuntime().addShutdownHook(atExit);
        String address = server.address().getAddress().getHostAddress();
        String url = "http://" + (address.contains(":") ? "[" + address + "]" : address) + ":"
                + server.address().getPort();
        if (common().json()) {
            streams()
                    .json(Json.object()
                            .put("url", url)
                            .put("model", called)
                            .put("port", server.address().getPort()));
        } else {
            streams().line("serving " + called + " at " + url + "/v1; a page to chat with is at " + url + "/");
            if (training.isAsked()) {
                streams()
                        .line("clients may train it at " + url + "/api/v1 (TINKER_BASE_URL=" + url
                                + "); what they save lies in "
                                + training.config().checkpoints());
            }
        }
        try {
            new CountDownLatch(1).await();
        } catch (InterruptedException e) {
            Runtime.getRuntime().removeShutdownHook(atExit);
            server.stop(Duration.ofSeconds(grace));
        }
    }

    private static ApiKey key(Path file) {
        try {
            return ApiKey.of(Files.readString(file).strip());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the key in " + file, e);
        } catch (IllegalArgumentException e) {
            throw new CliException(file + ": " + e.getMessage(), e);
        }
    }
}
