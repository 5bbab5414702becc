// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Function;

/**
 * What a stage has at hand while it runs.
 *
 * @param folder the stage's own, which exists; all that it writes goes there
 * @param seed the pipeline's: key of all random numbers
 * @param folders folders of all stages, by name
 * @param results of the earlier stages that are finished, by name
 * @param options where and in what to compute with the model of a folder
 * @param listener follows the runs within
 */
public record StageContext(
        Path folder,
        long seed,
        Map<String, Path> folders,
        Map<String, StageResult> results,
        Function<Path, ModelOptions> options,
        TrainingListener listener) {
    /** Copies the maps. */
    public StageContext {
        folders = Map.copyOf(folders);
        results = Map.copyOf(results);
    }

    /** A product of an earlier stage. */
    public Path product(String stage, String product) {
        StageResult result = results.get(stage);
        Path folderOfStage = folders.get(stage);
        if (result == null || folderOfStage == null) {
            throw new IllegalStateException("stage '" + stage + "' is not finished");
        }
        return result.product(folderOfStage, product);
    }

    /** Loads a model. */
    public CausalLM load(Path model) {
        return CausalLM.load(model, options.apply(model));
    }

    /** Tells whoever watches. */
    public void say(String message) {
        listener.onMessage(message);
    }
}
