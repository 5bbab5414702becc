// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Sample;
import dev.jacobian.rl.recipe.stage.StageFile;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.report.StoryPage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * {@code report.html} of a pipeline's folder: the story from stage to stage in a table, then each stage's figures, curves, and answers before and after.
 * Made of {@code recipe.json} and every {@code stage.json}, and of nothing else.
 */
public final class PipelineReport {
    /** What the table follows: figures before the first stage and after each. */
    private static final List<String> FOLLOWED =
            List.of("pass@1", "mean_length", ReflectionWords.METRIC, "truncated", "format", "language_consistency");

    private PipelineReport() {}

    /** Writes the page of the stages that are finished, replacing an older one. */
    public static void write(Path folder) {
        JsonNode recipe = Json.read(folder.resolve("recipe.json"));
        List<StageFile> files = new ArrayList<>();
        List<StoryPage.Chapter> chapters = new ArrayList<>();
        int number = 0;
        for (JsonNode stage : recipe.path("stages")) {
            number++;
            String name = Pipeline.folderName(number, stage.path("name").asText());
            Optional<StageFile> file = StageFile.read(folder.resolve(name));
            if (file.isPresent()) {
                files.add(file.get());
                chapters.add(chapter(file.get(), number, folder, name));
            }
        }
        String lead = files.size() + " of " + number + " stages are finished; seed "
                + recipe.path("seed").asLong() + ". Every number is in the stage.json of its folder.";
        StoryPage.write(
                folder.resolve("report.html"), "Recipe " + recipe.path("name").asText(), lead, story(files), chapters);
    }

    private static StoryPage.Table story(List<StageFile> files) {
        Map<String, List<String>> rows = new LinkedHashMap<>();
        for (StageFile file : files) {
            StageResult result = file.result();
            if (rows.isEmpty() && result.figures().containsKey("mean_length_" + Sample.BEFORE)) {
                rows.put("before", row(result, Sample.BEFORE));
            }
            if (result.figures().containsKey("mean_length_" + Sample.AFTER)) {
                rows.put(file.stage(), row(result, Sample.AFTER));
            }
        }
        return new StoryPage.Table(FOLLOWED, rows);
    }

    private static List<String> row(StageResult result, String when) {
        return FOLLOWED.stream()
                .map(figure -> Optional.ofNullable(result.figures().get(figure + "_" + when))
                        .map(PipelineReport::shown)
                        .orElse(""))
                .toList();
    }

    private static StoryPage.Chapter chapter(StageFile file, int number, Path folder, String name) {
        Map<String, String> figures = new LinkedHashMap<>();
        file.result().figures().forEach((figure, value) -> figures.put(figure, shown(value)));
        figures.put("seconds", String.format(Locale.ROOT, "%.0f", file.seconds()));
        Map<String, StoryPage.Points> curves = new LinkedHashMap<>();
        file.result()
                .curves()
                .forEach((metric, curve) -> curves.put(metric, new StoryPage.Points(curve.steps(), curve.values())));
        String page = name + "/report.html";
        return new StoryPage.Chapter(
                number + ". " + file.stage(),
                file.purpose(),
                figures,
                curves,
                file.result().samples().stream().map(PipelineReport::text).toList(),
                Optional.of(page).filter(link -> Files.exists(folder.resolve(link))));
    }

    private static StoryPage.Text text(Sample sample) {
        return new StoryPage.Text(
                sample.when(),
                sample.prompt(),
                sample.completion(),
                String.format(
                        Locale.ROOT, "reward %.4g, %s", sample.reward(), sample.solved() ? "solved" : "not solved"),
                sample.solved());
    }

    private static String shown(JsonNode value) {
        return value.isFloatingPointNumber() ? String.format(Locale.ROOT, "%.4g", value.doubleValue()) : value.asText();
    }
}
