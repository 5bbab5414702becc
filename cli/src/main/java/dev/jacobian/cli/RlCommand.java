// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.cluster.Workers;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlResult;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.StepPlan;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.method.Methods;
import dev.jacobian.rl.recorded.RecordedRollouts;
import dev.jacobian.rl.report.RunReport;
import dev.jacobian.rl.reward.PreferenceReward;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.DeviceException;
import dev.jacobian.transformer.CausalLM;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jacobian rl}: the main job. */
@Command(
        name = "rl",
        header = "Train a model with reinforcement learning.",
        description = {"Without arguments: the bundled model learns Countdown with GRPO, in a few minutes on two cores."
        })
final class RlCommand extends CliCommand {
    @Option(
            names = "--algorithm",
            paramLabel = "NAME",
            description = "The method: one that 'jacobian methods' lists (default: grpo).")
    private Optional<String> algorithm = Optional.empty();

    @Option(names = "--model", paramLabel = "DIR", description = "Checkpoint to train (default: the bundled model).")
    private Optional<Path> model = Optional.empty();

    @Mixin
    private TaskOption task;

    @Option(
            names = "--mixture",
            paramLabel = "FILE",
            description = "Several data sets and tasks in one run, each with its own rewards: a JSON array of objects"
                    + " whose keys are the options that choose problems (task, data, reward, column, split …), 'name',"
                    + " and 'weight', the share of the problems.")
    private Optional<Path> mixture = Optional.empty();

    @Mixin
    private EnvironmentOption environment;

    @Option(names = "--steps", paramLabel = "N", description = "Rollouts to learn from (max_steps).")
    private Optional<Integer> steps = Optional.empty();

    @Option(names = "--prompts", paramLabel = "N", description = "Prompts per rollout (prompts_per_step).")
    private Optional<Integer> prompts = Optional.empty();

    @Option(names = "--group-size", paramLabel = "N", description = "Samples per prompt (num_generations).")
    private Optional<Integer> groupSize = Optional.empty();

    @Option(names = "--learning-rate", paramLabel = "X", description = "Peak learning rate (learning_rate).")
    private Optional<Double> learningRate = Optional.empty();

    @Option(
            names = "--rollouts",
            paramLabel = "FILE",
            description = "Learn from recorded samples instead of sampling: JSONL, a sample a line, with 'prompt_ids',"
                    + " 'completion_ids', 'rewards' and what docs/methods.md says. --data then has the rows that"
                    + " they were drawn for, if given.")
    private Optional<Path> rollouts = Optional.empty();

    @Option(
            names = "--dry-run",
            description = "Check settings and data, print what would run and the memory it needs, and stop.")
    private boolean dryRun;

    @Option(
            names = "--value-model",
            paramLabel = "DIR",
            description =
                    "Checkpoint that ppo's value model begins with (value_model_path; default: a copy of the model).")
    private Optional<Path> valueModel = Optional.empty();

    @Option(
            names = "--replay-schedule",
            paramLabel = "FILE",
            description =
                    "The schedule.jsonl of a run with reproducible=false and the same settings: takes its decisions"
                            + " again instead of the clock's, which gives the same bits (replay_schedule).")
    private Optional<Path> replaySchedule = Optional.empty();

    @Mixin
    private LoraOption lora;

    @Mixin
    private WorkersOption workers;

    @Mixin
    private Settings settings;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder of the run (default: out/rl-ALGORITHM-TIME).")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--resume",
            description = "Continue the run in --out, or the latest one in out/, from its last checkpoint.")
    private boolean resume;

    private Optional<Path> resumed = Optional.empty(); // the run's folder

    RlCommand(Streams streams) {
        super(streams);
    }

    @Override
    void checkUsage() {
        if (algorithm.isPresent() && Methods.find(algorithm.get()).isEmpty()) {
            throw usage("unknown algorithm '" + algorithm.get() + "'; use " + Methods.names());
        }
        if (replaySchedule.filter(file -> file.toString().isEmpty()).isPresent()) {
            throw usage("--replay-schedule names no file; give the schedule.jsonl of a run, or leave it out");
        }
        task.check(this);
        environment.check(this);
        workers.check(this);
        if (workers.isGiven() && rollouts.isPresent()) {
            throw usage("--rollouts learns from samples that are drawn already, so there is nothing for --workers");
        }
        if (mixture.isPresent() && (task.given().isPresent() || rollouts.isPresent())) {
            throw usage("--mixture names its data sets itself; leave out --task, --data and --rollouts");
        }
        if (mixture.isPresent()) {
            task.refuseOfOne(this, "--mixture");
        }
    }

    @Override
    ChosenArithmetic usualArithmetic() {
        resumed = resume ? Optional.of(out.orElseGet(RlCommand::latestRun)) : Optional.empty();
        return resumed.map(RunSettings::arithmetic).orElse(ChosenArithmetic.DEFAULT);
    }

    @Override
    void execute() {
        RunSettings run = resumed.map(this::savedSettings).orElseGet(this::freshSettings);
        Path folder = resumed.or(() -> out)
                .orElseGet(() -> freshFolder(run.config().method().name()));
        RunSettings.writable(folder);
        CausalLM policy = run.adapter()
                .load(run.model(), modelOptions(run.model()), run.config().seed());
        Optional<RecordedRollouts> recorded = run.rollouts()
                .map(file -> RecordedRollouts.read(
                        file,
                        run.data(),
                        policy,
                        run.config().rollout(),
                        run.config().plan(),
                        stepsOfRows(run).maxSteps()));
        Task problems = recorded.map(RecordedRollouts::task).orElseGet(() -> problems(run, policy));
        try {
            train(run, folder, policy, problems, recorded);
        } finally {
            problems.environment().ifPresent(Environment::close);
        }
    }

    private void train(
            RunSettings run, Path folder, CausalLM policy, Task problems, Optional<RecordedRollouts> recorded) {
        streams()
                .note(run.config().method().name().toUpperCase(Locale.ROOT) + " on " + problems.name() + ", " + policy
                        + ", run folder " + folder);
        RlConfig config = recorded.isPresent()
                ? stepsOfRows(run)
                : run.config().stepsOf(problems.trainSize(), "task '" + problems.name() + "'");
        RlTrainer trainer = new RlTrainer(policy, problems, config);
        recorded.ifPresent(trainer::recorded);
        if (policy.device().equals(Device.CPU)) {
            streams().note("memory: needs up to " + trainer.memoryPlan().describe());
        }
        if (dryRun) {
            printPlan(run, config, trainer);
            return;
        }
        ProgressDisplay display = new ProgressDisplay(streams().err(), config.maxSteps());
        RlResult result;
        Optional<Workers> sampling = Optional.empty();
        try (display) {
            sampling = workers.connect(trainer, policy, run.model(), problems, display::onMessage);
            result = trainer.listener(display)
                    .output(folder, run.origin(), resume)
                    .train();
            sampling.ifPresent(done -> WorkersOption.writeTable(done, folder));
        } catch (DeviceException failure) {
            throw new CliException(failure.getMessage() + lessMemory(failure, config) + continuing(folder), failure);
        } catch (UncheckedIOException failure) {
            String message = Failures.describe(failure).replaceFirst("\\.$", "");
            throw new CliException(
                    Files.exists(folder.resolve("run.json")) ? message + continuing(folder) : message, failure);
        } finally {
            sampling.ifPresent(Workers::close);
        }
        RunReport.write(folder);
        print(result, folder);
    }

    /** The settings with the steps that epochs of the rows make which recorded samples were drawn for. */
    private static RlConfig stepsOfRows(RunSettings run) {
        return run.config()
                .stepsOf(
                        run.data().map(Rows::count).orElse(0),
                        run.data()
                                .map(rows -> rows.path().toString())
                                .orElse("a run with --rollouts and without --data"));
    }

    /** What is to be solved, and what the policy talks with meanwhile. */
    private Task problems(RunSettings run, CausalLM policy) {
        Optional<EnvironmentChoice> choice = run.environment();
        Optional<Task> given = choice.filter(EnvironmentChoice::ownProblems).isPresent()
                ? Optional.empty()
                : Optional.of(run.task(policy, streams(), this::modelOptions));
        choice.ifPresent(chosen -> chosen.kind().remarks().forEach(streams()::note));
        run.rewards().remark(run.data().isPresent()).ifPresent(streams()::note);
        run.rewards()
                .named()
                .withoutEffect(run.config().rollout().maxCompletionLength())
                .ifPresent(streams()::note);
        Task played = choice.map(chosen -> chosen.task(given, policy)).orElseGet(given::orElseThrow);
        return given.isPresent() ? played : run.rewards().of(played, this::modelOptions);
    }

    /** What helps a run that a device ended, behind the failure's own sentence. */
    private static String lessMemory(DeviceException failure, RlConfig config) {
        String less = "";
        if (failure.isOutOfMemory() && !config.memory().gradientCheckpointing()) {
            less += ". --set gradient_checkpointing=true takes less memory and gives the same bits";
        }
        if (failure.isOutOfMemory() && !config.memory().offloadOptimizer()) {
            less += ". --set offload_optimizer=true takes less memory and gives the same bits";
        }
        boolean reference =
                config.measuring().klSamples() > 0 || config.algorithm().needsReference();
        if (failure.isOutOfMemory() && reference && !config.offloadReference()) {
            less += ". --set offload_reference=true takes less memory and gives the same bits";
        }
        return less;
    }

    private String continuing(Path folder) {
        return ". Continue from the last checkpoint with: jacobian rl --resume --out " + folder
                + " (another --device may continue it)";
    }

    private void printPlan(RunSettings run, RlConfig config, RlTrainer trainer) {
        ObjectNode json = Json.object();
        json.put("method", config.method().name());
        json.put("paper", config.method().paper());
        json.put("model", run.model().toString());
        run.rollouts().ifPresent(file -> json.put("rollouts", file.toString()));
        run.data().ifPresent(rows -> json.put("data", rows.path().toString()));
        StepPlan plan = config.plan();
        json.put("groups_per_rollout", plan.groups());
        json.put("optimizer_steps_per_rollout", plan.updates());
        json.put("optimizer_steps", plan.updates(config.maxSteps()));
        json.put("memory_bytes", trainer.memoryPlan().bytes());
        json.set("config", config.toJson());
        if (common().json()) {
            streams().json(json);
        } else {
            streams().line(json.toPrettyString());
        }
    }

    private void print(RlResult result, Path folder) {
        if (common().json()) {
            ObjectNode json = result.toJson();
            json.put("out", folder.toString());
            streams().json(json);
            return;
        }
        if (!result.isMeasured()) {
            streams()
                    .line(result.steps() + " steps on " + result.samples() + " samples. Model, metrics and report: "
                            + folder + " (open " + folder.resolve("report.html") + ")");
            return;
        }
        streams()
                .line(String.format(
                        Locale.ROOT,
                        "Held-out pass@1: %.1f %% before, %.1f %% after %d steps (%d samples, %.0f s, peak memory %.2f"
                                + " GiB)",
                        100 * result.passAt1Before(),
                        100 * result.passAt1After(),
                        result.steps(),
                        result.samples(),
                        result.seconds(),
                        result.peakMemoryBytes() / 0x1p30));
        streams().line("sampling/sampling_logp_difference/max: " + result.samplingLogpDifferenceMax());
        streams().line("Model, metrics and report: " + folder + " (open " + folder.resolve("report.html") + ")");
    }

    // Settings

    /** Whether an environment brings its problems along, because no others were named. */
    private boolean ownProblems() {
        return task.given().isEmpty() && mixture.isEmpty();
    }

    private RunSettings freshSettings() {
        Given all = withPlaces(settings.with(options()));
        Optional<EnvironmentChoice> chosen = environment.choice(all, ownProblems());
        Optional<Mixture> mixed = mixture.map(file -> Mixture.read(file, this));
        Given given = ordered(
                LoraOption.without(environment.without(all)).without(List.of(TaskOption.REWARDS)),
                rollouts.isPresent());
        RlConfig.DEFAULT.passedOver(given).forEach(streams()::note);
        String method =
                given.get("algorithm").map(value -> value.json().asText()).orElse("grpo");
        boolean ownProblems = chosen.filter(EnvironmentChoice::ownProblems).isPresent();
        boolean bundled = model.isEmpty()
                && task.name().equals("countdown")
                && rollouts.isEmpty()
                && !ownProblems
                && mixed.isEmpty();
        Given preset = bundled ? Presets.countdown(method) : new Given();
        if (given.keys().contains("per_device_train_batch_size")) {
            preset = preset.without(List.of("prompts_per_step", "updates_per_rollout"));
        }
        if (given.keys().contains("num_train_epochs")) {
            preset = preset.without(List.of("max_steps"));
        }
        return new RunSettings(
                model.map(ModelOption::existing).orElseGet(BundledModel::folder),
                RlConfig.DEFAULT.with(judgedByPairs(preset.setAll(given), method)),
                ownProblems
                        ? TaskChoice.of(chosen.orElseThrow().kind().name())
                        : mixed.map(several -> TaskChoice.of(Mixture.TASK)).orElseGet(task::choice),
                task.data(),
                task.skipBadRows(),
                lora.choice(all).orElse(LoraChoice.NONE),
                task.rewards(all).map(choice -> choice.with(form(method))).orElse(RewardChoice.TASK),
                rollouts,
                chosen,
                mixed);
    }

    /** What a method learns from a judge of pairs. */
    private static PreferenceReward.Form form(String method) {
        return method.equals("gpo") ? PreferenceReward.Form.SCORE : PreferenceReward.Form.WIN_RATE;
    }

    /** With a judge of pairs, methods that compare rewards otherwise take its comparisons as they are. */
    private Given judgedByPairs(Given given, String method) {
        boolean chooses = Methods.having("preference").contains(method);
        if (!task.comparesSamples() || !chooses) {
            return given;
        }
        given.get("preference")
                .filter(value -> !value.json().asText().equals("given"))
                .ifPresent(value -> {
                    throw new CliException(
                            value.origin() + ": preference=" + value.json().asText()
                                    + " compares rewards, and --preference-model compares completions itself; leave"
                                    + " preference out");
                });
        return given.set("preference", "given", "--preference-model");
    }

    /** The settings that a run was started with; what is given again must agree with them. */
    private RunSettings savedSettings(Path folder) {
        RunSettings saved = RunSettings.read(folder, this);
        task.refuseOther(saved.chosen(), folder);
        mixture.map(file -> Mixture.read(file, this).json())
                .filter(other -> !saved.mixture().map(Mixture::json).equals(Optional.of(other)))
                .ifPresent(other -> {
                    throw new CliException(folder + " was started with another mixture. Resume without --mixture, or"
                            + " start a new run");
                });
        Given all = withPlaces(settings.with(options()));
        Optional<EnvironmentChoice> chosen = environment.choice(all, ownProblems());
        return new RunSettings(
                model.orElse(saved.model()),
                saved.config().with(LoraOption.without(environment.without(all)).without(List.of(TaskOption.REWARDS))),
                saved.chosen(),
                task.data().or(saved::data),
                task.skipBadRows() || saved.skipBadRows(),
                lora.choice(all).orElse(saved.adapter()),
                task.rewards(all)
                        .map(choice -> choice.with(form(saved.config().method().name())))
                        .orElse(saved.rewards()),
                rollouts.or(saved::rollouts),
                chosen.or(saved::environment),
                saved.mixture());
    }

    /** With the paths of files as every working directory has them: the run may be resumed from another one. */
    private static Given withPlaces(Given given) {
        for (String key : List.of("ptx_data", "replay_schedule")) {
            given.get(key)
                    .filter(value -> !value.json().asText().isEmpty())
                    .ifPresent(value -> given.set(
                            key,
                            Path.of(value.json().asText())
                                    .toAbsolutePath()
                                    .normalize()
                                    .toString(),
                            value.origin()));
        }
        return given;
    }

    /** Recorded samples are in order, which TRL says so. */
    private static Given ordered(Given given, boolean recorded) {
        boolean inOrder = given.get("train_sampling_strategy")
                .filter(value -> value.json().asText().equals("sequential"))
                .isPresent();
        return recorded && inOrder ? given.without(List.of("train_sampling_strategy")) : given;
    }

    private Given options() {
        Given options = new Given();
        algorithm.ifPresent(value -> options.set("algorithm", value, "--algorithm"));
        steps.ifPresent(value -> options.set("max_steps", value, "--steps"));
        prompts.ifPresent(value -> options.set("prompts_per_step", value, "--prompts"));
        groupSize.ifPresent(value -> options.set("num_generations", value, "--group-size"));
        learningRate.ifPresent(value -> options.set("learning_rate", value, "--learning-rate"));
        valueModel.ifPresent(value -> options.set(
                "value_model_path", value.toAbsolutePath().normalize().toString(), "--value-model"));
        replaySchedule.ifPresent(value -> options.set("replay_schedule", value.toString(), "--replay-schedule"));
        common().givenSeed().ifPresent(value -> options.set("seed", value, "--seed"));
        return options;
    }

    // Folders

    private static Path runs() {
        return Path.of("out");
    }

    private static Path freshFolder(String algorithm) {
        String time = LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
        return runs().resolve("rl-" + algorithm + "-" + time);
    }

    private static Path latestRun() {
        if (Files.isDirectory(runs())) {
            try (Stream<Path> entries = Files.list(runs())) {
                Optional<Path> latest = entries.filter(RunSettings::isReinforcement)
                        .max((a, b) -> Long.compare(RunSettings.modified(a), RunSettings.modified(b)));
                if (latest.isPresent()) {
                    return latest.get();
                }
            } catch (IOException e) {
                throw new CliException("cannot list " + runs().toAbsolutePath() + ": " + e.getMessage(), e);
            }
        }
        throw new CliException(
                "there is no run to resume in " + runs().toAbsolutePath() + "; name its folder with --out DIR");
    }
}
