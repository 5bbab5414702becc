// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Stages in order, worked off in one folder.
 *
 * <pre>
 * recipe.json        name, seed and the settings of all stages
 * run.lock           keeps other processes out
 * 01-warm-up/        a stage's folder; stage.json in it says that the stage is finished
 * 02-rl/
 * </pre>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A stage is finished when its {@code stage.json} is there, which is written atomically and last. A pipeline that was killed goes on
 *       with the first stage that has none, in that stage's folder; a stage that is a training run goes on from its checkpoint.
 *   <li>What a stage computes depends on the pipeline's seed, its settings and its inputs alone, so the same seed gives the same bits,
 *       killed or not.
 *   <li>What was made with other settings is never mixed in: a stage that has begun keeps its settings, and others are an error that
 *       names the stage and how to begin anew. Stages that have not begun may change.
 *   <li>All that can be checked is checked before the first stage runs.
 * </ul>
 *
 * @param name what it is: a folder belongs to one
 * @param stages in order; each reads products of earlier ones only
 * @param seed key of all random numbers
 */
public record Pipeline(String name, List<Stage> stages, long seed) {
    /**
     * Checks names and inputs.
     *
     * @throws IllegalArgumentException if two stages have one name, or one reads what is not made before it
     */
    public Pipeline {
        stages = List.copyOf(stages);
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("a pipeline needs at least one stage");
        }
        Set<String> earlier = new LinkedHashSet<>();
        for (Stage stage : stages) {
            if (!stage.name().matches("[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?")) {
                throw new IllegalArgumentException(
                        "a stage's name has small letters, digits and hyphens between them, got '" + stage.name()
                                + "'");
            }
            for (String input : stage.inputs()) {
                if (!earlier.contains(input)) {
                    throw new IllegalArgumentException("stage '" + stage.name() + "' reads what stage '" + input
                            + "' makes, which is not among the stages before it: "
                            + (earlier.isEmpty() ? "there are none" : String.join(", ", earlier)));
                }
            }
            if (!earlier.add(stage.name())) {
                throw new IllegalArgumentException("two stages are called '" + stage.name() + "'");
            }
        }
    }

    /**
     * The stage of a name.
     *
     * @throws IllegalArgumentException if there is none
     */
    public Stage stage(String wanted) {
        return stages.get(place(wanted));
    }

    private int place(String wanted) {
        for (int i = 0; i < stages.size(); i++) {
            if (stages.get(i).name().equals(wanted)) {
                return i;
            }
        }
        throw new IllegalArgumentException("'" + name + "' has no stage '" + wanted + "'; its stages: "
                + String.join(", ", stages.stream().map(Stage::name).toList()));
    }

    /** What the folder of a stage is called: {@code 02-rl}. */
    public static String folderName(int number, String stage) {
        return String.format(Locale.ROOT, "%02d-%s", number, stage);
    }

    /** The folder of a stage. */
    public Path folder(Path pipeline, String stage) {
        return pipeline.resolve(folderName(place(stage) + 1, stage));
    }

    /** Runs on the CPU, telling nobody. */
    public Map<String, StageResult> run(Path folder) {
        return run(folder, Optional.empty(), path -> ModelOptions.DEFAULT, StageListener.NONE);
    }

    /**
     * Runs all stages that are not finished.
     *
     * @param folder of this pipeline; a new or empty one to begin with
     * @param from a stage that is begun anew, with all behind it, whatever is there; empty to go on where it was left
     * @param options where and in what to compute with the model of a folder
     * @return results of all stages, by name, in order
     * @throws IllegalStateException if the folder holds something else or is in use, or if a stage that has begun had other settings
     * @throws IllegalArgumentException if there is no stage {@code from}
     */
    public Map<String, StageResult> run(
            Path folder, Optional<String> from, Function<Path, ModelOptions> options, StageListener listener) {
        int anew = from.map(this::place).orElse(stages.size());
        try (PipelineFolder place = PipelineFolder.open(folder, this, anew)) {
            Map<String, Path> folders = new LinkedHashMap<>();
            stages.forEach(stage -> folders.put(stage.name(), folder(place.path(), stage.name())));
            check(folders, options);
            place.begin();
            Map<String, StageResult> results = new LinkedHashMap<>();
            List<Stage> all = new ArrayList<>(stages);
            for (int i = 0; i < all.size(); i++) {
                Stage stage = all.get(i);
                Path own = folder(place.path(), stage.name());
                Optional<StageFile> done = StageFile.read(own);
                StageFile file = done.isPresent()
                        ? done.get()
                        : work(
                                stage,
                                place,
                                new StageContext(
                                        own,
                                        seed,
                                        folders,
                                        results,
                                        options,
                                        listener.begins(stage, i + 1, all.size())));
                results.put(stage.name(), file.result());
                listener.finished(file, i + 1, all.size(), done.isPresent());
            }
            return results;
        }
    }

    /** Each stage that will run is asked before the first one does. */
    private void check(Map<String, Path> folders, Function<Path, ModelOptions> options) {
        for (Stage stage : stages) {
            Path own = folders.get(stage.name());
            if (own != null && StageFile.read(own).isEmpty()) {
                stage.check(new StageContext(
                        own, seed, folders, Map.of(), options, StageListener.NONE.begins(stage, 0, 0)));
            }
        }
    }

    private static StageFile work(Stage stage, PipelineFolder place, StageContext context) {
        place.begin(stage);
        long begin = System.nanoTime();
        StageResult result = stage.run(context);
        ObjectNode settings = stage.settings();
        StageFile file =
                new StageFile(stage.name(), stage.purpose(), settings, (System.nanoTime() - begin) / 1e9, result);
        file.write(context.folder());
        return file;
    }
}
