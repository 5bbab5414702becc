// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.MemoryConfig;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineMethods;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Teaching;
import dev.jacobian.rl.report.RunReport;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.DeviceException;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Stream;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What the commands share that train with a method for recorded data. */
abstract class OfflineCommand extends CliCommand {
    private final OfflineMethod<?> usual;

    @Option(names = "--model", paramLabel = "DIR", description = "Checkpoint to train (default: the bundled model).")
    private Optional<Path> model = Optional.empty();

    @Mixin
    private DataOption data;

    @Option(
            names = "--skip-bad-rows",
            description =
                    "Leave out rows of --data that cannot be used (no strings, too long) and count them, instead of"
                            + " refusing the file.")
    private boolean skipBadRows;

    @Option(
            names = "--loss-type",
            paramLabel = "NAME",
            description = "Loss (loss_type); several with commas between them, where the method takes them.")
    private Optional<String> lossType = Optional.empty();

    @Option(names = "--steps", paramLabel = "N", description = "Optimizer steps (max_steps).")
    private Optional<Integer> steps = Optional.empty();

    @Option(
            names = "--batch-size",
            paramLabel = "N",
            description = "Examples of a micro-batch (per_device_train_batch_size).")
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
            description = "Folder of the run and of the trained model (default: out/COMMAND-TIME).")
    private Optional<Path> out = Optional.empty();

    @Option(names = "--resume", description = "Continue the run in --out from its last checkpoint.")
    private boolean resume;

    @Option(
            names = "--dry-run",
            description = "Check the settings and all rows, print what would run and the memory it needs, and stop.")
    private boolean dryRun;

    /** Types that weights can be stored in. */
    enum Stored {
        F32,
        BF16,
        F16
    }

    /** @param usual the method with its defaults */
    OfflineCommand(Streams streams, OfflineMethod<?> usual) {
        super(streams);
        this.usual = usual;
    }

    // What a method may have of its own

    /** The method with its defaults. */
    OfflineMethod<?> usual() {
        return usual;
    }

    /** A method of a command that has several. */
    static Optional<OfflineMethod<?>> subMethod(String command, String name) {
        return OfflineMethods.find(name.isEmpty() ? command : command + "-" + name);
    }

    /** The method of the run that goes on; the command's usual one if none does. */
    final Optional<OfflineMethod<?>> savedMethod(String command) {
        Optional<String> saved = out.filter(folder -> resume)
                .map(folder -> folder.resolve("run.json"))
                .filter(Files::exists)
                .map(file -> Json.read(file).path("algorithm").asText());
        return saved.filter(name -> name.startsWith(command))
                .<OfflineMethod<?>>flatMap(OfflineMethods::find)
                .or(() -> Optional.of(usual));
    }

    /** What the run has beside the model that learns. */
    <E> Optional<Teaching<E>> teaching(OfflineMethod<E> method, CausalLM trained, OfflineSettings run) {
        return Optional.empty();
    }

    /** Where the model comes from, if the command line names it. */
    Optional<Path> givenModel() {
        return resume ? model : model.map(ModelOption::existing);
    }

    /** The data, if the command line names it. */
    Optional<Rows> givenData() {
        return data.rows();
    }

    /** Whether the run in --out goes on. */
    final boolean resumes() {
        return resume;
    }

    /** Whether the command line asks for an adapter. */
    final boolean trainsAdapter() {
        return lora.isGiven();
    }

    /** What else decides data or model, by name; {@code saved} is what a resumed run has. */
    Map<String, String> furtherOptions(Map<String, String> saved) {
        return saved;
    }

    /** Whether the method has data of its own where none is given. */
    boolean hasData() {
        return false;
    }

    /** Loads the model. */
    CausalLM load(OfflineSettings run) {
        ModelOptions options = modelOptions(run.model());
        long seed = run.config().seed();
        return run.config()
                .method()
                .head()
                .map(head -> run.adapter().loadScoring(run.model(), head, options, seed))
                .orElseGet(() -> run.adapter().load(run.model(), options, seed));
    }

    /** Reads or makes the data. */
    <E> Examples<E> examples(OfflineMethod<E> method, CausalLM trained, OfflineSettings run) {
        return Examples.read(method, trained, run.config(), run.data().orElseThrow(), run.skipBadRows());
    }

    // The command

    @Override
    void checkUsage() {
        data.check(this);
        if (resume && out.isEmpty()) {
            throw usage("--resume needs the run's folder: --out DIR");
        }
        if (!resume && givenData().isEmpty() && !hasData()) {
            throw usage(usual().name() + " needs --data FILE");
        }
    }

    @Override
    ChosenArithmetic usualArithmetic() {
        return resume ? RunSettings.arithmetic(out.orElseThrow()) : ChosenArithmetic.DEFAULT;
    }

    @Override
    void execute() {
        Path folder = out.orElseGet(() -> Path.of("out", usual().name() + "-" + time()));
        if (!resume && !dryRun && isTaken(folder)) {
            throw new CliException(folder + " exists already; choose another folder with --out"
                    + (Files.exists(folder.resolve("run.json")) ? ", or continue the run in it with --resume" : ""));
        }
        OfflineSettings run = resume ? resumed(OfflineSettings.read(folder, usual().name())) : freshSettings();
        RunSettings.writable(folder);
        CausalLM trained = load(run);
        train(run.config().method(), run, trained, folder);
    }

    private <E> void train(OfflineMethod<E> method, OfflineSettings run, CausalLM trained, Path folder) {
        Examples<E> examples = examples(method, trained, run);
        noteRows(examples);
        method.remarks().forEach(streams()::note);
        streams().note(task() + ", " + trained + ", run folder " + folder);
        OfflineTrainer<E> trainer = teaching(method, trained, run)
                .map(beside -> new OfflineTrainer<>(trained, method, examples, run.config(), beside))
                .orElseGet(() -> new OfflineTrainer<>(trained, method, examples, run.config()));
        if (trained.device().equals(Device.CPU)) {
            streams().note("memory: needs about " + trainer.memoryPlan().describe());
        }
        if (dryRun) {
            printPlan(run, trainer, examples);
            return;
        }
        long begin = System.nanoTime();
        double loss;
        try (ProgressDisplay display = new ProgressDisplay(streams().err(), trainer.steps())) {
            loss = trainer.listener(display)
                    .output(folder, run.origin(), run.dtype(), resume)
                    .train();
        } catch (DeviceException failure) {
            throw new CliException(
                    failure.getMessage() + lessMemory(failure, run.config().memory()) + continuing(folder), failure);
        } catch (UncheckedIOException failure) {
            String message = Failures.describe(failure).replaceFirst("\\.$", "");
            throw new CliException(
                    Files.exists(folder.resolve("run.json")) ? message + continuing(folder) : message, failure);
        }
        RunReport.write(folder);
        print(loss, trainer.steps(), (System.nanoTime() - begin) / 1e9, folder);
    }

    /** What helps a run that a device ended, behind the failure's own sentence. */
    private static String lessMemory(DeviceException failure, MemoryConfig config) {
        return failure.isOutOfMemory() && !config.gradientCheckpointing()
                ? ". --set gradient_checkpointing=true takes less memory and gives the same bits"
                : "";
    }

    private String continuing(Path folder) {
        return ". Continue from the last checkpoint with: jacobian " + usual().name() + " --resume --out " + folder
                + " (another --device may continue it)";
    }

    /** What is done, in words. */
    String task() {
        return usual().name();
    }

    private void noteRows(Examples<?> examples) {
        if (!examples.skipped().isEmpty()) {
            streams()
                    .note((skipBadRows ? "--skip-bad-rows: " : "")
                            + examples.skipped().size() + " of "
                            + (examples.skipped().size() + examples.rows())
                            + " rows are left out; the first: "
                            + examples.skipped().getFirst());
        }
        examples.remarks().forEach(streams()::note);
    }

    private void printPlan(OfflineSettings run, OfflineTrainer<?> trainer, Examples<?> examples) {
        ObjectNode json = Json.object();
        json.put("method", usual().name());
        json.put("paper", usual().paper());
        json.put("model", run.model().toString());
        run.data().ifPresent(rows -> json.put("data", rows.path().toString()));
        json.put("examples", examples.listed().size());
        json.put("steps", trainer.steps());
        json.put("memory_bytes", trainer.memoryPlan().bytes());
        json.set("config", run.config().toJson());
        if (common().json()) {
            streams().json(json);
        } else {
            streams().line(json.toPrettyString());
        }
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

    private OfflineSettings freshSettings() {
        Given all = settings.with(options());
        OfflineConfig.of(usual()).passedOver(all).forEach(streams()::note);
        return new OfflineSettings(
                givenModel().orElseGet(BundledModel::folder),
                givenData(),
                skipBadRows,
                DType.valueOf(dtype.orElse(Stored.F32).name()),
                furtherOptions(new TreeMap<>()),
                OfflineConfig.of(usual()).with(LoraOption.without(all)),
                lora.choice(all).orElse(LoraChoice.NONE));
    }

    /** The settings that a run was started with; what is given again must agree with them. */
    private OfflineSettings resumed(OfflineSettings saved) {
        Given all = settings.with(options());
        return new OfflineSettings(
                givenModel().orElse(saved.model()),
                givenData().or(saved::data),
                saved.skipBadRows(),
                dtype.map(type -> DType.valueOf(type.name())).orElse(saved.dtype()),
                furtherOptions(new TreeMap<>(saved.options())),
                saved.config().with(LoraOption.without(all)),
                lora.choice(all).orElse(saved.adapter()));
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
                            "Loss %.4f after %d steps (%.0f s). Model, metrics and report: %s (open %s)",
                            loss,
                            trainedSteps,
                            seconds,
                            folder,
                            folder.resolve("report.html")));
        }
    }

    private Given options() {
        Given options = new Given();
        common().givenSeed().ifPresent(seed -> options.set("seed", seed, "--seed"));
        steps.ifPresent(value -> options.set("max_steps", value, "--steps"));
        batchSize.ifPresent(value -> options.set("batch_size", value, "--batch-size"));
        learningRate.ifPresent(value -> options.set("learning_rate", value, "--learning-rate"));
        lossType.ifPresent(value -> options.set("loss_type", value, "--loss-type"));
        return options;
    }

    private static String time() {
        return LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
    }
}
