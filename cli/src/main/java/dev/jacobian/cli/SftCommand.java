// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.sft.CountdownDemonstrations;
import dev.jacobian.rl.sft.DemonstrationTokenizer;
import dev.jacobian.rl.sft.ExampleCheck;
import dev.jacobian.rl.sft.SftConfig;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftRows;
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
            "Demonstrations are JSONL, or generated Countdown solutions. A row has 'prompt' and 'completion', as"
                    + " strings or as lists of messages, or 'messages'; conversations go through the model's chat"
                    + " template, with 'tools' and 'chat_template_kwargs' of the row. --set assistant_only_loss=true"
                    + " learns only what the assistant says.",
            "With --init the model starts from random weights and a tokenizer made from the demonstrations."
        })
final class SftCommand extends CliCommand {
    private static final double GIVE_UP = 0.25;

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
            description = "JSONL with 'prompt' and 'completion', or with 'messages' (default: generated Countdown"
                    + " demonstrations).")
    private Optional<Path> data = Optional.empty();

    @Option(
            names = "--give-up",
            paramLabel = "P",
            description = "Countdown demonstrations: probability of giving up after a line without the target"
                    + " (default: " + GIVE_UP + ").")
    private Optional<Double> giveUp = Optional.empty();

    @Option(
            names = "--skip-bad-rows",
            description =
                    "Leave out rows of --data that cannot be used (no strings, too long) and count them, instead of"
                            + " refusing the file.")
    private boolean skipBadRows;

    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps (max_steps).")
    private Optional<Integer> steps = Optional.empty();

    @Option(names = "--batch-size", paramLabel = "N", description = "Examples per step (batch_size).")
    private Optional<Integer> batchSize = Optional.empty();

    @Option(names = "--learning-rate", paramLabel = "X", description = "Peak learning rate (learning_rate).")
    private Optional<Double> learningRate = Optional.empty();

    @Mixin
    private LoraOption lora;

    @Mixin
    private Settings settings;

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "How the trained weights are stored: ${COMPLETION-CANDIDATES} (default: F32).")
    private Optional<Stored> dtype = Optional.empty();

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Folder of the run and of the trained model (default: out/sft-TIME).")
    private Optional<Path> out = Optional.empty();

    @Option(names = "--resume", description = "Continue the run in --out from its last checkpoint.")
    private boolean resume;

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
        if (init.isPresent() && lora.isGiven()) {
            throw usage(
                    "--init makes a model of random weights, all of which are trained; leave out --lora and --adapter");
        }
        if (resume && out.isEmpty()) {
            throw usage("--resume needs the run's folder: --out DIR");
        }
    }

    @Override
    ChosenArithmetic usualArithmetic() {
        return resume ? RunSettings.arithmetic(out.orElseThrow()) : ChosenArithmetic.DEFAULT;
    }

    @Override
    void execute() {
        Path folder = out.orElseGet(() -> Path.of("out", "sft-" + time()));
        if (!resume && isTaken(folder)) {
            throw new CliException(folder + " exists already; choose another folder with --out"
                    + (Files.exists(folder.resolve("run.json")) ? ", or continue the run in it with --resume" : ""));
        }
        SftSettings run = resume ? resumed(SftSettings.read(folder)) : freshSettings();
        RunSettings.writable(folder);
        SftDataset all = run.data()
                .<SftDataset>map(file -> SftDataset.jsonl(file, run.skipBadRows()))
                .orElseGet(() -> new CountdownDemonstrations(Countdown.small(), run.giveUp()));
        CausalLM trained = run.isNew() ? fresh(run.model(), all, run.config().seed()) : pretrained(run);
        SftDataset demonstrations = usable(all, run, trained);
        streams().note("supervised fine-tuning, " + trained + ", run folder " + folder);
        SftTrainer trainer = new SftTrainer(trained, demonstrations, run.config());
        if (trained.device().equals(Device.CPU)) {
            streams().note("memory: needs about " + trainer.memoryPlan().describe());
        }
        long begin = System.nanoTime();
        double loss;
        try (ProgressDisplay display =
                new ProgressDisplay(streams().err(), run.config().maxSteps())) {
            loss = trainer.listener(display)
                    .output(folder, run.origin(), run.dtype(), resume)
                    .train();
        }
        print(loss, run.config().maxSteps(), (System.nanoTime() - begin) / 1e9, folder);
    }

    /** A folder with nothing in it is as good as none. */
    private static boolean isTaken(Path folder) {
        if (!Files.isDirectory(folder)) {
            return Files.exists(folder);
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.anyMatch(entry -> !entry.endsWith("run.lock")); // a start that failed leaves that alone
        } catch (IOException e) {
            throw new CliException("cannot list " + folder + ": " + e.getMessage(), e);
        }
    }

    private SftSettings freshSettings() {
        Given all = settings.with(options().set("seed", common().seed(), "--seed"));
        return new SftSettings(
                init.or(() -> model.map(ModelOption::existing)).orElseGet(BundledModel::folder),
                init.isPresent(),
                data,
                skipBadRows,
                giveUp.orElse(GIVE_UP),
                DType.valueOf(dtype.orElse(Stored.F32).name()),
                SftConfig.DEFAULT.with(LoraOption.without(all)),
                lora.choice(all).orElse(LoraChoice.NONE));
    }

    /** The settings that a run was started with; what is given again must agree with them. */
    private SftSettings resumed(SftSettings saved) {
        Given options = options();
        common().givenSeed().ifPresent(seed -> options.set("seed", seed, "--seed"));
        return new SftSettings(
                init.or(() -> model).orElse(saved.model()),
                init.isPresent() || model.isEmpty() && saved.isNew(),
                data.or(saved::data),
                saved.skipBadRows(),
                giveUp.orElse(saved.giveUp()),
                dtype.map(type -> DType.valueOf(type.name())).orElse(saved.dtype()),
                saved.config().with(LoraOption.without(settings.with(options))),
                lora.choice(settings.with(options)).orElse(saved.adapter()));
    }

    /** The demonstrations without those that the model cannot learn, if rows may be left out; says how many are. */
    private SftDataset usable(SftDataset all, SftSettings run, CausalLM trained) {
        if (!(run.skipBadRows() && all instanceof SftRows rows)) {
            return all; // a bad row has been refused, or the trainer will
        }
        SftRows usable = rows.without(new ExampleCheck(trained, run.config())::objection);
        if (!usable.skipped().isEmpty()) {
            streams()
                    .note("--skip-bad-rows: " + usable.skipped().size() + " of "
                            + (usable.skipped().size() + usable.allExamples().size())
                            + " rows are left out; the first: "
                            + usable.skipped().getFirst());
        }
        return usable;
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
        return options;
    }

    private CausalLM pretrained(SftSettings run) {
        return run.adapter()
                .load(run.model(), modelOptions(run.model()), run.config().seed());
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

    private static String time() {
        return LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
    }
}
