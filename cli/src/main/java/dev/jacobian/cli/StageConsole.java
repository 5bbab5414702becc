// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.recipe.PipelineReport;
import dev.jacobian.rl.recipe.Recipe;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageFile;
import dev.jacobian.rl.recipe.stage.StageListener;
import dev.jacobian.rl.recipe.stage.StageResult;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** Shows a pipeline's progress stage by stage, and brings its report up to date when one ends. */
final class StageConsole implements StageListener, AutoCloseable {
    private final Path folder;
    private final Streams streams;
    private StageProgress current;

    StageConsole(Path folder, Streams streams) {
        this.folder = folder;
        this.streams = streams;
        this.current = new StageProgress(streams);
    }

    @Override
    public TrainingListener begins(Stage stage, int number, int of) {
        current.close();
        streams.note("stage " + number + " of " + of + ", " + stage.name() + ": " + stage.purpose());
        current = new StageProgress(streams);
        return current;
    }

    @Override
    public void finished(StageFile file, int number, int of, boolean before) {
        current.close();
        streams.note("stage " + number + " of " + of + ", " + file.stage() + ": "
                + (before ? "finished before" : String.format(Locale.ROOT, "%.0f s", file.seconds())));
        figures(file.result()).forEach(line -> streams.note("  " + line));
        PipelineReport.write(folder);
    }

    @Override
    public void close() {
        current.close();
    }

    /** A stage's figures in words. */
    static List<String> figures(StageResult result) {
        return result.figures().entrySet().stream()
                .map(figure -> figure.getKey() + " "
                        + (figure.getValue().isFloatingPointNumber()
                                ? String.format(
                                        Locale.ROOT, "%.4g", figure.getValue().doubleValue())
                                : figure.getValue().asText()))
                .toList();
    }

    /** Stages with all their settings. */
    static void plan(Recipe recipe, Streams streams, boolean asJson) {
        ObjectNode json = Json.object();
        json.put("recipe", recipe.name());
        ArrayNode stages = json.putArray("stages");
        for (Stage stage : recipe.stages()) {
            ObjectNode one = stages.addObject();
            one.put("name", stage.name());
            one.put("purpose", stage.purpose());
            stage.inputs().forEach(one.putArray("inputs")::add);
            one.set("settings", stage.settings());
        }
        if (asJson) {
            streams.json(json);
        } else {
            streams.line(json.toPrettyString());
        }
    }
}
