// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.sft.CountdownDemonstrations;
import dev.jacobian.rl.sft.DemonstrationTokenizer;
import dev.jacobian.rl.sft.SftConfig;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftTrainer;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import dev.jacobian.transformer.config.DecoderConfig;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Comparator;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jacobian sft}: supervised fine-tuning, also from random weights. */
@Command(
        name = "sft",
        header = "Train a model on demonstrations.",
        description = {
            "Demonstrations are JSONL with 'prompt' and 'completion', or generated Countdown solutions.",
            "With --init the model starts from random weights and a tokenizer made from the demonstrations."
        })
final class SftCommand extends CliCommand {
    @Option(names = "--model", paramLabel = "DIR", description = "Checkpoint to train (default: the bundled model).")
    private Optional<Path> model = Optional.empty();

    @Option(
            names = "--init",
            paramLabel = "FILE",
            description =
                    "config.json of a new model: random weights (of --seed) and a new tokenizer of its vocab_size.")
    private Optional<Path> init = Optional.empty();

    @Option(
            names = "--data",
            paramLabel = "FILE",
            description = "JSONL with 'prompt' and 'completion' (default: generated Countdown demonstrations).")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--give-up",
            paramLabel = "P",
            defaultValue = "0.25",
            description = "Countdown demonstrations: probability of giving up after a line without the target"
                    + " (default: ${DEFAULT-VALUE}).")
    private double giveUp;

    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps (max_steps).")
    private Optional<Integer> steps = Optional.empty();

    @Option(names = "--batch-size", paramLabel = "N", description = "Examples per step (batch_size).")
    private Optional<Integer> batchSize = Optional.empty();

    @Option(names = "--learning-rate", paramLabel = "X", description = "Peak learning rate (learning_rate).")
    private Optional<Double> learningRate = Optional.empty();

    @Mixin
    private Settings settings;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "F32",
            description = "How the weights are stored: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
    private Stored dtype;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder for the checkpoint (default: out/sft-TIME).")
    private Optional<Path> out = Optional.empty();

    /** Types that weights can be stored in. */
    enum Stored {
        F32,
        BF16,
        F16
    }

    SftCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        if (model.isPresent() && init.isPresent()) {
            throw usage("--model and --init exclude each other");
        }
    }

    @Override
    void execute() {
        Path folder = out.orElseGet(() -> Path.of("out", "sft-" + time()));
        if (Files.exists(folder)) {
            throw new CliException(folder + " exists already; choose another folder with --out");
        }
        SftDataset demonstrations =
                data.map(SftDataset::jsonl).orElseGet(() -> new CountdownDemonstrations(Countdown.small(), giveUp));
        CausalLM trained = init.map(file -> fresh(file, demonstrations))
                .orElseGet(() -> pretrained(model.map(ModelOption::existing).orElseGet(BundledModel::folder)));
        SftConfig settled = SftConfig.DEFAULT.with(settings.with(options()));
        streams().note("supervised fine-tuning, " + trained + ", checkpoint folder " + folder);
        SftTrainer trainer = new SftTrainer(trained, demonstrations, settled);
        if (trained.device().equals(Device.CPU)) {
            streams().note("memory: needs about " + trainer.memoryPlan().describe());
        }
        long begin = System.nanoTime();
        double loss;
        try (ProgressDisplay display = new ProgressDisplay(streams().err(), settled.maxSteps())) {
            loss = trainer.listener(display).train();
        }
        trained.save(folder, DType.valueOf(dtype.name()));
        print(loss, settled.maxSteps(), (System.nanoTime() - begin) / 1e9, folder);
    }

    private void print(double loss, int trainedSteps, double seconds, Path folder) {
        if (common().json()) {
            ObjectNode json = Json.object();
            json.put("loss", loss);
            json.put("steps", trainedSteps);
            json.put("seconds", seconds);
            json.put("out", folder.toString());
            streams().json(json);
        } else {
            streams()
                    .line(String.format(
                            Locale.ROOT,
                            "Loss %.4f after %d steps (%.0f s). Model: %s",
                            loss,
                            trainedSteps,
                            seconds,
                            folder));
        }
    }

    private Given options() {
        Given options = new Given();
        steps.ifPresent(value -> options.set("max_steps", value, "--steps"));
        batchSize.ifPresent(value -> options.set("batch_size", value, "--batch-size"));
        learningRate.ifPresent(value -> options.set("learning_rate", value, "--learning-rate"));
        options.set("seed", common().seed(), "--seed");
        return options;
    }

    private CausalLM pretrained(Path folder) {
        return CausalLM.load(folder, modelOptions(folder));
    }

    private CausalLM fresh(Path file, SftDataset demonstrations) {
        try {
            Path folder = Files.createTempDirectory("jacobian-init");
            try {
                Files.copy(file, folder.resolve("config.json"));
                DecoderConfig decoder = Families.read(folder);
                DemonstrationTokenizer.write(demonstrations, decoder.vocabularySize(), folder);
                CausalLM created = CausalLM.create(decoder, Optional.of(folder), common().seed());
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

    private static String time() {
        return LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
    }
}
