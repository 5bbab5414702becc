// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.cluster.plan.Advice;
import dev.jacobian.cluster.plan.LoopModel;
import dev.jacobian.cluster.plan.LoopSettings;
import dev.jacobian.cluster.plan.LoopSimulation;
import dev.jacobian.cluster.plan.Prediction;
import dev.jacobian.cluster.plan.Sweep;
import dev.jacobian.io.Json;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.TreeSet;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code plan}: what more workers would do for a run. */
@Command(
        name = "plan",
        header = "Predict what a training run does with N workers.",
        description = {
            "Simulates the loop of 'jacobian rl --workers' by events, from measured times: throughput, who is idle,"
                + " where more workers stop to help, and which setting to change. Numbers that are not given come from"
                + " a run (--from), from a short measurement of the model on this machine, or are assumed; the output"
                + " says which. --threads is what a worker computes with while it is measured.",
            "",
            "With --json one object: inputs, prediction, sweep, bends, advice."
        },
        footer = {
            "%nExamples:",
            "  jacobian plan --workers 16 --model DIR --prompts 64 --completion-tokens 800",
            "  jacobian plan --workers 16 --from out/run --max-staleness 2 --out plan",
            "  jacobian plan --workers 500 --decode-seconds 1=0.02,64=0.05 --prefill-seconds 0.0001 --weight-bytes 14e9"
                    + " --train-seconds 60 --lost-per-hour 0.05"
        })
final class PlanCommand extends CliCommand {
    private static final int MOST_STEPS = 10_000;

    @Mixin
    private PlanOptions options;

    @Option(
            names = "--max-workers",
            paramLabel = "N",
            description = "The last number of workers of the table (default: 10000, or --workers if that is more).")
    private Optional<Integer> maxWorkers = Optional.empty();

    @Option(
            names = "--steps",
            paramLabel = "N",
            defaultValue = "12",
            description = "Simulated steps to average over (default: ${DEFAULT-VALUE}).")
    private int steps;

    @Option(names = "--out", paramLabel = "DIR", description = "Also write plan.html there, a page with charts.")
    private Optional<Path> out = Optional.empty();

    PlanCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false; // workers compute on the CPU, and so does what is measured
    }

    @Override
    void checkUsage() {
        options.check(this);
        if (steps < 1 || steps > MOST_STEPS) {
            throw usage("--steps must lie between 1 and " + MOST_STEPS + ", found " + steps);
        }
        if (maxWorkers.orElse(1) < 1 || maxWorkers.orElse(1) > LoopSettings.MOST_WORKERS) {
            throw usage("--max-workers must lie between 1 and " + LoopSettings.MOST_WORKERS + ", found "
                    + maxWorkers.orElse(1));
        }
    }

    @Override
    void execute() {
        Optional<Path> page = out.map(folder -> folder.resolve("plan.html"));
        page.ifPresent(OutputFile::require);
        PlanFigures figures = new PlanFigures();
        LoopModel model = options.model(figures, streams()::note);
        long seed = common().seed();
        Prediction prediction = LoopSimulation.run(model, steps, seed);
        SequencedSet<Integer> staleness =
                new TreeSet<>(List.of(0, 1, 2, model.settings().maxStaleness()));
        int most = maxWorkers.orElse(Math.max(10_000, options.workers()));
        Sweep sweep = Sweep.of(model, most, List.copyOf(staleness), steps, seed);
        List<Advice> advice = Advice.of(prediction, steps, seed);
        page.ifPresent(file -> PlanPage.of(figures, prediction, sweep, advice).write(file));
        if (common().json()) {
            streams().json(json(figures, prediction, sweep, advice));
        } else {
            print(figures, prediction, sweep, advice);
            page.ifPresent(file -> streams().line("\ncharts: " + file));
        }
    }

    private static ObjectNode json(PlanFigures figures, Prediction now, Sweep sweep, List<Advice> advice) {
        ObjectNode json = Json.object();
        json.set("inputs", figures.toJson());
        json.set("prediction", json(now));
        ArrayNode table = json.putArray("sweep");
        sweep.lines().values().forEach(line -> line.forEach(one -> table.add(json(one))));
        ArrayNode bends = json.putArray("bends");
        sweep.lines().keySet().forEach(value -> bends.add(json(sweep.bend(value))));
        ArrayNode list = json.putArray("advice");
        advice.forEach(one -> list.addObject()
                .put("change", one.change())
                .put("meaning", one.meaning())
                .put("gain", one.gain())
                .set("prediction", json(one.prediction())));
        return json;
    }

    private static ObjectNode json(Prediction one) {
        return Json.object()
                .put("workers", one.model().settings().workers())
                .put("max_staleness", one.model().settings().maxStaleness())
                .put("samples_per_second", one.samplesPerSecond())
                .put("tokens_per_second", one.tokensPerSecond())
                .put("steps_per_hour", one.stepsPerHour())
                .put("step_seconds", one.stepSeconds())
                .put("worker_idle", one.workerIdle())
                .put("trainer_idle", one.trainerIdle())
                .put("publish_seconds", one.publishSeconds())
                .put("sampling_seconds", one.samplingSeconds())
                .put("reward_seconds", one.rewardSeconds())
                .put("train_seconds", one.trainSeconds())
                .put("redone_share", one.redoneShare())
                .put("lost_per_hour", one.lostPerHour());
    }

    private void print(PlanFigures figures, Prediction now, Sweep sweep, List<Advice> advice) {
        for (PlanFigures.Figure figure : figures.all()) {
            line("%-22s %-36s %s", figure.name(), figure.value(), figure.source());
        }
        streams().line("");
        PlanPage.facts(now).forEach((label, text) -> line("%-22s %s", label, text));
        streams().line("");
        StringBuilder head = new StringBuilder("samples/s by workers");
        sweep.lines()
                .keySet()
                .forEach(value ->
                        head.append(String.format(Locale.ROOT, " | staleness %-2d workers idle  trainer idle", value)));
        streams().line(head.toString());
        for (int i = 0; i < sweep.workers().size(); i++) {
            StringBuilder row = new StringBuilder(
                    String.format(Locale.ROOT, "%20d", sweep.workers().get(i)));
            for (List<Prediction> line : sweep.lines().values()) {
                Prediction one = line.get(i);
                row.append(String.format(
                        Locale.ROOT,
                        " | %12s %11.0f %% %11.0f %%",
                        PlanFigures.number(one.samplesPerSecond()),
                        100 * one.workerIdle(),
                        100 * one.trainerIdle()));
            }
            streams().line(row.toString());
        }
        streams().line("");
        sweep.lines().keySet().forEach(value -> streams().line(PlanPage.bend(sweep, value)));
        streams().line("");
        if (advice.isEmpty()) {
            streams().line("no single change that was tried gains 5 %");
        }
        advice.forEach(one -> line("x %.2f  %s (%s)", one.gain(), one.change(), one.meaning()));
    }

    private void line(String format, Object... values) {
        streams().line(String.format(Locale.ROOT, format, values));
    }
}
