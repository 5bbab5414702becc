// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.long2short.LongToShort;
import dev.jacobian.rl.recipe.Problems;
import dev.jacobian.rl.recipe.Recipe;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.task.Task;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
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

    @Option(names = "--dry-run", description = "Print the stages with their settings, and stop.")
    private boolean dryRun;

    Long2ShortCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return !dryRun;
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

    private Recipe recipe() {
        Recipe usual = model.isEmpty()
                ? LongToShort.bundled(BundledModel.folder(), quick)
                : own(ModelOption.existing(model.get()));
        return usual.with(Settings.given(assignments));
    }

    private Recipe own(Path folder) {
        Task asked = task.task(this::modelOptions);
        String description = task.title() + " "
                + task.data()
                        .map(rows -> rows.path().toAbsolutePath().toString())
                        .orElse("");
        return LongToShort.of(
                folder,
                shortModel.map(relative -> ModelOption.existing(relative, "--short")),
                new Problems(description.strip(), List.of(), context -> asked),
                maxNewTokens,
                quick);
    }

    @Override
    void execute() {
        Recipe recipe = recipe();
        if (dryRun) {
            StageConsole.plan(recipe, streams(), common().json());
            return;
        }
        RunSettings.writable(out);
        Pipeline pipeline = recipe.pipeline(common().seed());
        Map<String, StageResult> results;
        try (StageConsole watcher = new StageConsole(out, streams())) {
            results = pipeline.run(out, from, this::modelOptions, watcher);
        }
        StageResult measured = Objects.requireNonNull(results.get(LongToShort.MEASURE));
        Path page = measured.product(pipeline.folder(out, LongToShort.MEASURE), LongToShort.PAGE);
        if (common().json()) {
            ObjectNode json = Json.object();
            measured.figures().forEach(json::set);
            streams().json(json.put("out", out.toString()).put("report", page.toString()));
            return;
        }
        StageConsole.figures(measured).forEach(streams()::line);
        streams()
                .line("Models, data and report: " + out + " (open " + page + "; stage by stage: "
                        + out.resolve("report.html") + ")");
    }
}
