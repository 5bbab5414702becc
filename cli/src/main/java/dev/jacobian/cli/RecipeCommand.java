// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.recipe.Ground;
import dev.jacobian.rl.recipe.NamedRecipe;
import dev.jacobian.rl.recipe.Recipe;
import dev.jacobian.rl.recipe.Recipes;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageResult;
import java.nio.file.Path;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code jacobian recipe}: a whole system, stage by stage. */
@Command(
        name = "recipe",
        header = "Run a whole system, stage by stage.",
        description = {
            "Without a name: lists the recipes and their stages. A recipe runs in a folder with one below it for each"
                    + " stage; the same command goes on where it was left, also when it was killed. report.html in the"
                    + " folder tells the story (docs/recipes.md)."
        })
final class RecipeCommand extends CliCommand {
    @Parameters(paramLabel = "NAME", arity = "0..1", description = "The recipe.")
    private Optional<String> name = Optional.empty();

    @Option(names = "--model", paramLabel = "DIR", description = "The base model (default: the bundled one).")
    private Optional<Path> model = Optional.empty();

    @Mixin
    private DataOption data;

    @Option(
            names = "--demonstrations",
            paramLabel = "PATH",
            description = "What r1 and k1.5 imitate first with a model or data of your own: rows that sft takes.")
    private Optional<Path> demonstrations = Optional.empty();

    @Option(
            names = "--solutions",
            paramLabel = "PATH",
            description =
                    "Short solutions that k1.5 imitates before the long thoughts, with a model or data of your own:"
                            + " rows that sft takes; without any it begins with the long ones.")
    private Optional<Path> solutions = Optional.empty();

    @Option(names = "--student", paramLabel = "DIR", description = "A smaller model of your own that r1 distils into.")
    private Optional<Path> student = Optional.empty();

    @Option(
            names = "--set",
            paramLabel = "STAGE.KEY=VALUE",
            description = "A setting of a stage, such as --set rl.learning_rate=1e-5; may be repeated.")
    private List<String> assignments = List.of();

    @Option(names = "--quick", description = "A minute's version: everything is there, nothing is learned well.")
    private boolean quick;

    @Option(names = "--out", paramLabel = "DIR", description = "Folder (default: out/recipe-NAME-TIME).")
    private Optional<Path> out = Optional.empty();

    @Option(
            names = "--from",
            paramLabel = "STAGE",
            description = "Begin this stage anew, and all behind it, whatever is there.")
    private Optional<String> from = Optional.empty();

    @Option(names = "--dry-run", description = "Print the stages with their settings, and stop.")
    private boolean dryRun;

    RecipeCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return name.isPresent() && !dryRun;
    }

    @Override
    void checkUsage() {
        data.check(this);
        try {
            if (name.isPresent()) {
                NamedRecipe named = Recipes.named(name.get());
                from.ifPresent(stage -> named.on(ground()).stage(stage));
            } else if (out.isPresent() || model.isPresent() || data.isGiven() || !assignments.isEmpty() || quick) {
                throw usage("name a recipe: " + Recipes.names());
            }
        } catch (IllegalArgumentException unknown) {
            throw usage(unknown.getMessage());
        }
    }

    private Ground ground() {
        return new Ground(
                model.map(ModelOption::existing).orElseGet(BundledModel::folder),
                model.isEmpty(),
                data.rows().map(DataOption::existing),
                demonstrations,
                solutions,
                student.map(folder -> ModelOption.existing(folder, "--student")),
                quick);
    }

    @Override
    void execute() {
        if (name.isEmpty()) {
            list();
            return;
        }
        Recipe recipe = Recipes.named(name.get()).on(ground()).with(Settings.given(assignments));
        if (dryRun) {
            StageConsole.plan(recipe, streams(), common().json());
            return;
        }
        Path folder = out.orElseGet(() -> Path.of("out", "recipe-" + recipe.name() + "-" + time()));
        RunSettings.writable(folder);
        Pipeline pipeline = recipe.pipeline(common().seed());
        streams()
                .note("recipe " + recipe.name() + " in " + folder + ": "
                        + recipe.stages().stream().map(Stage::name).collect(Collectors.joining(", ")));
        Map<String, StageResult> results;
        try (StageConsole watcher = new StageConsole(folder, streams())) {
            results = pipeline.run(folder, from, this::modelOptions, watcher);
        }
        print(results, folder);
    }

    private void print(Map<String, StageResult> results, Path folder) {
        if (common().json()) {
            ObjectNode json = Json.object();
            json.put("recipe", name.orElseThrow());
            ObjectNode stages = json.putObject("stages");
            results.forEach((stage, result) -> {
                ObjectNode figures = stages.putObject(stage);
                result.figures().forEach(figures::set);
            });
            json.put("out", folder.toString());
            streams().json(json);
            return;
        }
        results.forEach(
                (stage, result) -> streams().line(stage + ": " + String.join(", ", StageConsole.figures(result))));
        streams().line("Models, data and report: " + folder + " (open " + folder.resolve("report.html") + ")");
    }

    private void list() {
        Ground bundled = Ground.bundled(Path.of("models", BundledModel.NAME), false);
        if (common().json()) {
            ObjectNode json = Json.object();
            ArrayNode recipes = json.putArray("recipes");
            for (NamedRecipe named : Recipes.all()) {
                ObjectNode one = recipes.addObject();
                one.put("name", named.name());
                one.put("paper", named.paper());
                one.put("summary", named.summary());
                ArrayNode stages = one.putArray("stages");
                for (Stage stage : named.on(bundled).stages()) {
                    stages.addObject().put("name", stage.name()).put("purpose", stage.purpose());
                }
            }
            streams().json(json);
            return;
        }
        for (NamedRecipe named : Recipes.all()) {
            streams().line(named.name() + ": " + named.summary() + " (" + named.paper() + ")");
            named.on(bundled)
                    .stages()
                    .forEach(stage ->
                            streams().line(String.format(Locale.ROOT, "  %-14s %s", stage.name(), stage.purpose())));
            streams().line("");
        }
    }

    private static String time() {
        return LocalDateTime.now().format(DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss"));
    }
}
