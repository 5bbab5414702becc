// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.cluster.plan.Amount;
import dev.jacobian.cluster.plan.DecodeTimes;
import dev.jacobian.cluster.plan.LoopModel;
import dev.jacobian.cluster.plan.LoopSettings;
import dev.jacobian.cluster.plan.LoopSimulation;
import dev.jacobian.cluster.plan.LoopTimes;
import dev.jacobian.cluster.plan.Losses;
import dev.jacobian.cluster.plan.Publishing;
import dev.jacobian.transformer.Checkpoints;
import dev.jacobian.transformer.generation.Generator;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** The numbers of a plan: what is not given comes from a run, from a measurement of the model, or is assumed and said so. */
final class PlanOptions {
    private static final String ASSUMED = "assumed";
    private static final int PROBE_STEPS = 12;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "Checkpoint to measure on this machine, and whose weights are sent; may be left out with --from,"
                            + " or where all times and --weight-bytes are given.")
    private Optional<Path> model = Optional.empty();

    @Option(
            names = "--from",
            paramLabel = "RUN",
            description = "Folder of a run of 'jacobian rl' whose settings and times are used.")
    private Optional<Path> from = Optional.empty();

    @Option(names = "--workers", paramLabel = "N", required = true, description = "Workers to plan for.")
    private int workers;

    @Option(names = "--prompts", paramLabel = "N", description = "Prompts of a step (the run's, or 32).")
    private Optional<Integer> prompts = Optional.empty();

    @Option(names = "--group-size", paramLabel = "N", description = "Samples of a prompt (the run's, or 8).")
    private Optional<Integer> groupSize = Optional.empty();

    @Option(
            names = "--max-staleness",
            paramLabel = "N",
            description = "max_staleness: rollouts that sampling may be ahead (the run's, or 0).")
    private Optional<Integer> maxStaleness = Optional.empty();

    @Option(names = "--prompt-tokens", paramLabel = "N", description = "Tokens of a prompt (64).")
    private Optional<Integer> promptTokens = Optional.empty();

    @Option(
            names = "--completion-tokens",
            paramLabel = "N",
            description = "Mean of a completion's tokens, those that are cut included (the run's, or 256).")
    private Optional<Double> completionTokens = Optional.empty();

    @Option(
            names = "--completion-spread",
            paramLabel = "S",
            description = "Standard deviation of the logarithm of a completion's tokens (fitted to the run's, or 0.6).")
    private Optional<Double> completionSpread = Optional.empty();

    @Option(
            names = "--max-completion-tokens",
            paramLabel = "N",
            description = "max_completion_length, where completions are cut (the run's, or four times the mean).")
    private Optional<Integer> maxCompletionTokens = Optional.empty();

    @Option(
            names = "--slots",
            paramLabel = "N",
            description = "Sequences that a worker decodes at once at most (1024, the engine's).")
    private Optional<Integer> slots = Optional.empty();

    @Option(
            names = "--decode-seconds",
            paramLabel = "N=SECONDS",
            split = ",",
            description = "A step of decoding with N sequences running, for some N: 1=0.002,32=0.01.")
    private Map<Integer, Double> decodeSeconds = new TreeMap<>();

    @Option(names = "--prefill-seconds", paramLabel = "SECONDS", description = "A token of a prompt.")
    private Optional<Double> prefillSeconds = Optional.empty();

    @Option(
            names = "--train-seconds",
            paramLabel = "SECONDS",
            description = "Learning from a step's samples (the run's, or three times their prefill).")
    private Optional<Double> trainSeconds = Optional.empty();

    @Option(names = "--reward-seconds", paramLabel = "SECONDS", description = "A reward (the run's, or 0).")
    private Optional<Double> rewardSeconds = Optional.empty();

    @Option(
            names = "--reward-spread",
            paramLabel = "S",
            description = "Standard deviation of the logarithm of a reward's seconds (0).")
    private Optional<Double> rewardSpread = Optional.empty();

    @Option(
            names = "--reward-concurrency",
            paramLabel = "N",
            description = "Rewards that are asked for at once (the run's, or 32).")
    private Optional<Integer> rewardConcurrency = Optional.empty();

    @Option(
            names = "--weight-bytes",
            paramLabel = "N",
            description = "A full copy of the weights (the model's in F32).")
    private Optional<Double> weightBytes = Optional.empty();

    @Option(
            names = "--delta-share",
            paramLabel = "S",
            description = "The part of a full copy that new weights take as differences (the run's, or 0.55).")
    private Optional<Double> deltaShare = Optional.empty();

    @Option(
            names = "--bandwidth",
            paramLabel = "BYTES",
            description = "Bytes a second of a machine's link (the run's, or 125e6: a gigabit).")
    private Optional<Double> bandwidth = Optional.empty();

    @Option(names = "--latency", paramLabel = "SECONDS", description = "Before the first byte of weights (0.001).")
    private Optional<Double> latency = Optional.empty();

    @Option(
            names = "--fan-out",
            paramLabel = "N",
            description = "Receivers of each sender of weights; 0: the master sends to all, as it does (0).")
    private Optional<Integer> fanOut = Optional.empty();

    @Option(
            names = "--lost-per-hour",
            paramLabel = "R",
            description = "How often a worker is lost in an hour, each of them (0).")
    private Optional<Double> lostPerHour = Optional.empty();

    @Option(
            names = "--worker-timeout",
            paramLabel = "SECONDS",
            description = "Until the loss is noticed, and samples go to others (15).")
    private Optional<Double> workerTimeout = Optional.empty();

    @Option(names = "--away-seconds", paramLabel = "SECONDS", description = "Until a lost worker is back (60).")
    private Optional<Double> awaySeconds = Optional.empty();

    int workers() {
        return workers;
    }

    /** Refuses what cannot be, before anything is read or measured. */
    void check(CliCommand command) {
        try {
            var unusedSettings = new LoopSettings(
                    workers,
                    prompts.orElse(1),
                    groupSize.orElse(1),
                    maxStaleness.orElse(0),
                    slots.orElse(1),
                    rewardConcurrency.orElse(1));
            if (!decodeSeconds.isEmpty()) {
                var unusedTimes = new DecodeTimes(decodeSeconds);
            }
            notNegative("--prefill-seconds", prefillSeconds);
            notNegative("--train-seconds", trainSeconds);
            var unusedReward = new Amount(rewardSeconds.orElse(0.0), rewardSpread.orElse(0.0), 1);
            var unusedPublishing = new Publishing(
                    weightBytes.orElse(0.0),
                    deltaShare.orElse(1.0),
                    bandwidth.orElse(1.0),
                    latency.orElse(0.0),
                    fanOut.orElse(0));
            var unusedLosses = new Losses(lostPerHour.orElse(0.0), workerTimeout.orElse(0.0), awaySeconds.orElse(0.0));
            var unusedLength = new Amount(
                    completionTokens.orElse(1.0), completionSpread.orElse(0.0), maxCompletionTokens.orElse(1));
            if (promptTokens.orElse(1) < 1
                    || completionTokens.orElse(1.0) < 1
                    || maxCompletionTokens.orElse(1) < 1
                    || completionTokens.orElse(1.0) > maxCompletionTokens.orElse(Integer.MAX_VALUE)) {
                throw new IllegalArgumentException(
                        "prompts and completions have 1 or more tokens, and --completion-tokens"
                                + " is the mean of what --max-completion-tokens cuts, so not greater");
            }
        } catch (IllegalArgumentException e) {
            throw command.usage(e.getMessage());
        }
        if ((workerTimeout.isPresent() || awaySeconds.isPresent()) && lostPerHour.orElse(0.0) == 0) {
            throw command.usage("--worker-timeout and --away-seconds are about lost workers; give --lost-per-hour");
        }
        if (rewardSpread.isPresent() && rewardSeconds.isEmpty() && from.isEmpty()) {
            throw command.usage("--reward-spread is about rewards that take time; give --reward-seconds");
        }
        if (model.isEmpty() && from.isEmpty() && (isToMeasure() || weightBytes.isEmpty())) {
            throw command.usage("give --model DIR to measure it, --from RUN, or all of --decode-seconds,"
                    + " --prefill-seconds and --weight-bytes");
        }
    }

    private static void notNegative(String option, Optional<Double> value) {
        if (!(value.orElse(0.0) >= 0)) {
            throw new IllegalArgumentException(option + " must be 0 or more, found " + value.orElse(0.0));
        }
    }

    private boolean isToMeasure() {
        return decodeSeconds.isEmpty() || prefillSeconds.isEmpty();
    }

    /** The model that all of it makes; measures what is missing. */
    LoopModel model(PlanFigures figures, Consumer<String> say) {
        Optional<PlanRun> run = from.map(PlanRun::read);
        String ofRun = from.map(folder -> "run " + folder).orElse("");
        Optional<Path> folder = model.or(
                        () -> from.filter(path -> Checkpoints.exist(path) && Files.exists(path.resolve("config.json"))))
                .map(path -> ModelOption.existing(path, model.isPresent() ? "--model" : "--from"));
        if (folder.isEmpty() && (isToMeasure() || weightBytes.isEmpty())) {
            throw new CliException("--from " + from.orElseThrow()
                    + " holds no finished checkpoint to measure; name one with --model DIR");
        }
        LoopSettings settings = new LoopSettings(
                workers,
                figures.choose("prompts", prompts, setting(run, "prompts_per_step", ofRun), known(32)),
                figures.choose("group-size", groupSize, setting(run, "num_generations", ofRun), known(8)),
                figures.choose("max-staleness", maxStaleness, setting(run, "max_staleness", ofRun), known(0)),
                figures.choose("slots", slots, PlanFigures.from(Generator.DEFAULT_MAX_BATCH, "the engine's")),
                figures.choose(
                        "reward-concurrency", rewardConcurrency, setting(run, "reward_concurrency", ofRun), known(32)));
        int prompt = figures.choose("prompt-tokens", promptTokens, known(64));
        Amount completion = completion(run, ofRun, figures);
        Publishing publishing = new Publishing(
                weightBytes(folder, figures),
                figures.choose(
                        "delta-share",
                        deltaShare,
                        measured(run.map(PlanRun::share), ofRun),
                        PlanFigures.from(0.55, "assumed: the bundled model's in F32")),
                figures.choose(
                        "bandwidth",
                        bandwidth,
                        measured(run.map(PlanRun::bandwidth), ofRun),
                        PlanFigures.from(125e6, "assumed: a gigabit")),
                figures.choose("latency", latency, known(0.001)),
                figures.choose("fan-out", fanOut, PlanFigures.from(0, "as 'jacobian rl' does it")));
        double lost = figures.choose("lost-per-hour", lostPerHour, known(0.0));
        Losses losses = lost == 0
                ? Losses.NONE
                : new Losses(
                        lost,
                        figures.choose(
                                "worker-timeout", workerTimeout, PlanFigures.from(15.0, "that of 'jacobian rl'")),
                        figures.choose("away-seconds", awaySeconds, known(60.0)));
        Optional<PlanProbe> probe = Optional.empty();
        if (isToMeasure()) {
            say.accept("measuring " + folder.orElseThrow());
            probe = Optional.of(PlanProbe.measure(folder.orElseThrow()));
        }
        Amount reward = reward(run, ofRun, settings, figures);
        LoopModel untrained = new LoopModel(
                settings,
                sampling(run, probe, settings, prompt, completion, figures),
                publishing,
                losses,
                prompt,
                completion);
        return trained(untrained, run, ofRun, reward, figures);
    }

    private static <T> Optional<PlanFigures.Sourced<T>> known(T value) {
        return PlanFigures.from(value, ASSUMED);
    }

    private static Optional<PlanFigures.Sourced<Integer>> setting(Optional<PlanRun> run, String key, String source) {
        return run.flatMap(one -> one.setting(key)).map(value -> new PlanFigures.Sourced<>(value, source));
    }

    private static Optional<PlanFigures.Sourced<Double>> measured(Optional<OptionalDouble> value, String source) {
        return value.filter(OptionalDouble::isPresent)
                .map(number -> new PlanFigures.Sourced<>(number.getAsDouble(), source));
    }

    private double weightBytes(Optional<Path> folder, PlanFigures figures) {
        return figures.choose(
                "weight-bytes",
                weightBytes,
                folder.filter(path -> weightBytes.isEmpty())
                        .map(path -> new PlanFigures.Sourced<>(
                                (double) Float.BYTES * Checkpoints.config(path).parameters(), path + " in F32")));
    }

    private Amount completion(Optional<PlanRun> run, String ofRun, PlanFigures figures) {
        double mean = figures.choose(
                "completion-tokens",
                completionTokens,
                measured(run.map(one -> one.mean("completions/mean_length")), ofRun),
                known(256.0));
        int most = figures.choose(
                "max-completion-tokens", maxCompletionTokens, setting(run, "max_completion_length", ofRun), known((int)
                        Math.min(Integer.MAX_VALUE, Math.ceil(4 * mean))));
        if (mean > most) {
            throw new CliException("completions of " + PlanFigures.number(mean) + " tokens on average cannot be cut at "
                    + most + "; give --max-completion-tokens or --completion-tokens");
        }
        OptionalDouble cut =
                run.map(one -> one.mean("completions/clipped_ratio")).orElse(OptionalDouble.empty());
        Optional<PlanFigures.Sourced<Double>> fitted = cut.isPresent() && cut.getAsDouble() < 1
                ? PlanFigures.from(
                        Amount.fitted(mean, cut.getAsDouble(), most).spread(),
                        ofRun + ", of which " + PlanFigures.number(cut.getAsDouble()) + " were cut")
                : Optional.empty();
        return Amount.withMean(mean, figures.choose("completion-spread", completionSpread, fitted, known(0.6)), most);
    }

    /** A reward's time such that a run's scoring takes what it took: as many at once as there may be. */
    private Amount reward(Optional<PlanRun> run, String ofRun, LoopSettings settings, PlanFigures figures) {
        Optional<OptionalDouble> scoring = run.map(one -> {
            OptionalDouble seconds = one.seconds("scoring");
            int samples = one.setting("prompts_per_step").orElse(settings.prompts())
                    * one.setting("num_generations").orElse(settings.groupSize());
            int places = Math.min(samples, one.setting("reward_concurrency").orElse(settings.rewardConcurrency()));
            return seconds.isPresent() ? OptionalDouble.of(seconds.getAsDouble() * places / samples) : seconds;
        });
        double mean = figures.choose("reward-seconds", rewardSeconds, measured(scoring, ofRun), known(0.0));
        double spread = mean == 0 ? 0 : figures.choose("reward-spread", rewardSpread, known(0.0));
        return new Amount(mean, spread, Double.POSITIVE_INFINITY);
    }

    /** What sampling takes; measured here, and scaled so that the run's own sampling takes what it took. */
    private LoopTimes sampling(
            Optional<PlanRun> run,
            Optional<PlanProbe> probe,
            LoopSettings settings,
            int prompt,
            Amount completion,
            PlanFigures figures) {
        Map<Integer, Double> decode =
                decodeSeconds.isEmpty() ? probe.orElseThrow().decode() : decodeSeconds;
        double prefill = prefillSeconds.orElseGet(() -> probe.orElseThrow().prefill());
        double factor = 1;
        String source = "measured here";
        if (run.isPresent() && isToMeasure()) {
            PlanRun one = run.get();
            LoopSettings then = new LoopSettings(
                    one.workers(),
                    one.setting("prompts_per_step").orElse(settings.prompts()),
                    one.setting("num_generations").orElse(settings.groupSize()),
                    0,
                    settings.slots(),
                    1);
            LoopTimes unscaled = new LoopTimes(new DecodeTimes(decode), prefill, 0, Amount.constant(0));
            double simulated = LoopSimulation.run(
                            new LoopModel(
                                    then, unscaled, new Publishing(0, 0, 1, 0, 0), Losses.NONE, prompt, completion),
                            PROBE_STEPS,
                            0)
                    .samplingSeconds();
            factor = one.sampling() / simulated;
            source += ", times " + PlanFigures.number(factor) + " for the sampling_time of " + one.folder();
        }
        DecodeTimes times = decodeSeconds.isEmpty() ? new DecodeTimes(decode).times(factor) : new DecodeTimes(decode);
        String text = times.measured().entrySet().stream()
                .map(entry -> entry.getKey() + "=" + PlanFigures.number(entry.getValue()))
                .collect(Collectors.joining(","));
        figures.note("decode-seconds", text, decodeSeconds.isEmpty() ? source : "--decode-seconds");
        double perToken = figures.choose("prefill-seconds", prefillSeconds, PlanFigures.from(factor * prefill, source));
        return new LoopTimes(times, perToken, 0, Amount.constant(0));
    }

    private LoopModel trained(
            LoopModel untrained, Optional<PlanRun> run, String ofRun, Amount reward, PlanFigures figures) {
        LoopSettings settings = untrained.settings();
        double mean = untrained.completion().drawnMean();
        double tokens = tokens(settings.prompts(), settings.groupSize(), untrained.promptTokens(), mean);
        Optional<PlanFigures.Sourced<Double>> learned = run.map(one -> {
            double then = tokens(
                    one.setting("prompts_per_step").orElse(settings.prompts()),
                    one.setting("num_generations").orElse(settings.groupSize()),
                    untrained.promptTokens(),
                    one.mean("completions/mean_length").orElse(mean));
            return new PlanFigures.Sourced<>(one.learning() * tokens / then, ofRun);
        });
        double seconds = figures.choose(
                "train-seconds",
                trainSeconds,
                learned,
                PlanFigures.from(3 * untrained.times().prefillPerToken() * tokens, "assumed: three times the prefill"));
        return untrained.with(new LoopTimes(
                untrained.times().decode(), untrained.times().prefillPerToken(), seconds / tokens, reward));
    }

    /** Tokens that are learned from; a prompt is computed once for its samples. */
    private static double tokens(int prompts, int groupSize, int promptTokens, double completion) {
        return prompts * (promptTokens + groupSize * completion);
    }
}
