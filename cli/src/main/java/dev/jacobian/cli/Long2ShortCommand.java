// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.long2short.LongToShort;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageFile;
import dev.jacobian.rl.recipe.stage.StageListener;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.task.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code jacobian long2short}: shorter thoughts at the same accuracy. */
@Command(
        name = "long2short",
        header = "Make long thoughts short, in Kimi k1.5's four ways.",
        description = {
            "Without a tool: all four from one long model, each measured, accuracy against tokens drawn in report.html."
                    + " Without --model the bundled model learns to think long first. The same command goes on where it"
                    + " was left (docs/long2short.md).",
            "The tools make data of a model's own answers, which teaches it to say less."
        },
        synopsisSubcommandLabel = "[TOOL]",
        commandListHeading = "%nTools:%n",
        footer = {
            "%nExamples:",
            "  jacobian long2short --out out/short",
            "  jacobian long2short --model LONG --short SHORT --data train.jsonl --reward math --out out/short",
            "  jacobian long2short shortest --model LONG --data train.jsonl --reward math --out short.jsonl"
        })
final class Long2ShortCommand extends CliCommand {
    private static final int EVERY = 10;

    @Option(names = "--model", paramLabel = "DIR", description = "The long model (default: made of the bundled one).")
    private Optional<Path> model = Optional.empty();

    @Option(
            names = "--short",
            paramLabel = "DIR",
            description = "A short model of the same family and base, for merging; without one the other three ways"
                    + " are gone.")
    private Optional<Path> shortModel = Optional.empty();

    @Mixin
    private TaskOption task;

    @Option(
            names = "--max-new-tokens",
            paramLabel = "N",
            defaultValue = "1024",
            description = "Most tokens of a completion of --model (default: ${DEFAULT-VALUE}); reinforcement learning"
                    + " has half of it.")
    private int maxNewTokens;

    @Option(
            names = "--set",
            paramLabel = "STAGE.KEY=VALUE",
            description = "A setting of a stage, such as --set rl.max_steps=100; may be repeated.")
    private List<String> assignments = List.of();

    @Option(names = "--quick", description = "A minute's version: everything is done, nothing is learned well.")
    private boolean quick;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            description = "Folder with one below it for each stage (default: out/long2short).")
    private Path out = Path.of("out", "long2short");

    @Option(
            names = "--from",
            paramLabel = "STAGE",
            description = "Begin this stage anew, and all behind it, whatever is there.")
    private Optional<String> from = Optional.empty();

    Long2ShortCommand(Streams streams) {
        super(streams);
    }

    @Override
    Map<String, CliCommand> subcommands() {
        Map<String, CliCommand> tools = new LinkedHashMap<>();
        tools.put("shortest", new ShortestCommand(streams()));
        tools.put("pairs", new ShortPairsCommand(streams()));
        return tools;
    }

    @Override
    void checkUsage() {
        task.check(this);
        if (maxNewTokens < 2) {
            throw usage("--max-new-tokens must be at least 2");
        }
        if (model.isEmpty() && (shortModel.isPresent() || task.given().isPresent())) {
            throw usage("--short, --task and --data are for a long model of your own; name it with --model");
        }
    }

    private Pipeline pipeline() {
        Pipeline usual = model.isEmpty()
                ? LongToShort.bundled(BundledModel.folder(), common().seed(), quick)
                : own(ModelOption.existing(model.get()));
        Map<String, Given> given = new LinkedHashMap<>();
        for (String assignment : assignments) {
            int dot = assignment.indexOf('.');
            int equals = assignment.indexOf('=');
            if (dot < 1 || equals < dot) {
                throw new CliException("--set takes STAGE.KEY=VALUE here, found '" + assignment + "'; stages are "
                        + usual.stages().stream().map(Stage::name).collect(Collectors.joining(", ")));
            }
            String stage = usual.stage(assignment.substring(0, dot)).name();
            given.computeIfAbsent(stage, name -> new Given())
                    .setText(
                            assignment.substring(dot + 1, equals),
                            assignment.substring(equals + 1),
                            "--set " + assignment);
        }
        List<Stage> stages = new ArrayList<>();
        for (Stage stage : usual.stages()) {
            Given own = given.get(stage.name());
            stages.add(own == null ? stage : stage.with(own));
        }
        return new Pipeline(usual.name(), stages, usual.seed());
    }

    private Pipeline own(Path folder) {
        Task asked = task.task(this::modelOptions);
        String description = task.title() + " "
                + task.data()
                        .map(rows -> rows.path().toAbsolutePath().toString())
                        .orElse("");
        return LongToShort.of(
                folder,
                shortModel.map(relative -> ModelOption.existing(relative, "--short")),
                asked,
                description.strip(),
                maxNewTokens,
                common().seed(),
                quick);
    }

    @Override
    void execute() {
        Pipeline pipeline = pipeline();
        Map<String, StageResult> results = pipeline.run(out, from, this::modelOptions, new Watcher());
        StageResult measured = Objects.requireNonNull(results.get(LongToShort.MEASURE));
        Path page = measured.product(pipeline.folder(out, LongToShort.MEASURE), LongToShort.PAGE);
        if (common().json()) {
            ObjectNode json = Json.object();
            measured.figures().forEach(json::set);
            streams().json(json.put("out", out.toString()).put("report", page.toString()));
            return;
        }
        figures(measured).forEach(streams()::line);
        streams().line("Models, data and report: " + out + " (open " + page + ")");
    }

    /** Numbers and texts as lines. */
    private static List<String> figures(StageResult result) {
        return result.figures().entrySet().stream()
                .map(figure -> String.format(Locale.ROOT, "%-18s ", figure.getKey())
                        + (figure.getValue().isFloatingPointNumber()
                                ? String.format(
                                        Locale.ROOT, "%.4f", figure.getValue().doubleValue())
                                : figure.getValue().asText()))
                .toList();
    }

    /** Tells the person who waits. */
    private final class Watcher implements StageListener {
        @Override
        public TrainingListener begins(Stage stage, int number, int of) {
            streams().note("stage " + number + " of " + of + ", " + stage.name() + ": " + stage.purpose());
            return new TrainingListener() {
                @Override
                public void onStep(StepMetrics metrics) {
                    if (metrics.step() % EVERY == 0) {
                        streams().note("  step " + metrics.step());
                    }
                }

                @Override
                public void onMessage(String message) {
                    streams().note("  " + message);
                }
            };
        }

        @Override
        public void finished(StageFile file, int number, int of, boolean before) {
            streams()
                    .note("stage " + number + " of " + of + ", " + file.stage() + ": "
                            + (before ? "finished before" : String.format(Locale.ROOT, "%.0f s", file.seconds())));
            figures(file.result()).forEach(line -> streams().note("  " + line));
        }
    }
}
