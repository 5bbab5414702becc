// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.sft.CountdownDemonstrations;
import dev.jacobian.rl.sft.DemonstrationTokenizer;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code jacobian sft}: supervised fine-tuning, also from random weights. */
@Command(
        name = "sft",
        header = "Train a model on demonstrations.",
        description = {
            "Demonstrations are JSONL, or generated Countdown solutions. A row has 'prompt' and 'completion', as"
                    + " strings or as lists of messages, or 'messages', or 'text'; conversations go through the model's"
                    + " chat template, with 'tools' and 'chat_template_kwargs' of the row. --set"
                    + " assistant_only_loss=true learns only what the assistant says.",
            "With --init the model starts from random weights and a tokenizer made from the demonstrations."
        })
final class SftCommand extends OfflineCommand {
    private static final double GIVE_UP = 0.25;
    private static final String NEW = "init";
    private static final String GIVE_UP_KEY = "give_up";

    @Option(
            names = "--init",
            paramLabel = "FILE",
            description =
                    "config.json of a new model: random weights (of --seed) and a new tokenizer of its vocab_size.")
    private Optional<Path> init = Optional.empty();

    @Option(
            names = "--give-up",
            paramLabel = "P",
            description = "Countdown demonstrations: probability of giving up after a line without the target"
                    + " (default: " + GIVE_UP + ").")
    private Optional<Double> giveUp = Optional.empty();

    SftCommand(Streams streams) {
        super(streams, Sft.DEFAULT);
    }

    @Override
    void checkUsage() {
        super.checkUsage();
        if (super.givenModel().isPresent() && init.isPresent()) {
            throw usage("--model and --init exclude each other");
        }
        if (init.isPresent() && trainsAdapter()) {
            throw usage(
                    "--init makes a model of random weights, all of which are trained; leave out --lora and --adapter");
        }
    }

    @Override
    Optional<Path> givenModel() {
        return init.or(super::givenModel);
    }

    @Override
    Map<String, String> furtherOptions(Map<String, String> saved) {
        boolean isNew = init.isPresent()
                || super.givenModel().isEmpty() && Boolean.parseBoolean(saved.getOrDefault(NEW, "false"));
        saved.put(NEW, Boolean.toString(isNew));
        double usual = Double.parseDouble(saved.getOrDefault(GIVE_UP_KEY, "" + GIVE_UP));
        saved.put(GIVE_UP_KEY, Double.toString(giveUp.orElse(usual)));
        return saved;
    }

    @Override
    boolean hasData() {
        return true;
    }

    @Override
    String task() {
        return "supervised fine-tuning";
    }

    private static boolean isNew(OfflineSettings run) {
        return Boolean.parseBoolean(run.options().getOrDefault(NEW, "false"));
    }

    private static SftDataset demonstrations(OfflineSettings run) {
        return run.data()
                .<SftDataset>map(file -> SftDataset.of(file, run.skipBadRows()))
                .orElseGet(() -> {
                    double giveUp = Double.parseDouble(run.options().getOrDefault(GIVE_UP_KEY, "" + GIVE_UP));
                    return new CountdownDemonstrations(Countdown.small(), giveUp);
                });
    }

    @Override
    CausalLM load(OfflineSettings run) {
        return isNew(run) ? fresh(run.model(), demonstrations(run), run.config().seed()) : super.load(run);
    }

    @Override
    @SuppressWarnings("unchecked") // the examples of sft are demonstrations
    <E> Examples<E> examples(OfflineMethod<E> method, CausalLM trained, OfflineSettings run) {
        return run.data().isPresent()
                ? super.examples(method, trained, run)
                : (Examples<E>) Examples.of(demonstrations(run), (Sft) method, trained, run.config());
    }

    private CausalLM fresh(Path file, SftDataset demonstrations, long seed) {
        try {
            Path folder = Files.createTempDirectory("jacobian-init");
            try {
                Files.copy(file, folder.resolve("config.json"));
                DecoderConfig decoder = Families.read(folder);
                DemonstrationTokenizer.write(demonstrations, decoder.vocabularySize(), folder);
                CausalLM created = CausalLM.create(decoder, Optional.of(folder), seed);
                ModelOptions options = modelOptions(folder);
                return options.device().equals(created.device())
                        ? created
                        : created.to(options.device(), options.computeType());
            } finally {
                try (Stream<Path> files = Files.walk(folder)) {
                    for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                        Files.delete(path);
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot start from " + file, e);
        }
    }
}
