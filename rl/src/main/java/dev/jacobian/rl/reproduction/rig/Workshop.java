// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction.rig;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Makes the models that experiments begin with: each once in a folder, and from then on the one that is there. A model's folder is named by
 * its settings and says them in {@code made.json}; training is deterministic, so another folder has the same bits.
 */
public final class Workshop {
    private static final String MADE = "made.json";

    private final Path folder;
    private final Consumer<String> progress;

    /** In a folder, which is created when a model is made. */
    public Workshop(Path folder, Consumer<String> progress) {
        this.folder = folder;
        this.progress = progress;
    }

    /** A model, made if it is not there; whoever asks may train it, it is a copy of one's own. */
    public CausalLM model(TinyModel recipe) {
        ObjectNode settings = (ObjectNode) ConfigTree.describe(recipe);
        String text = Json.compact(settings);
        Path home = folder.resolve(String.format(Locale.ROOT, "d%d-%08x", recipe.hidden(), text.hashCode()));
        Path made = home.resolve(MADE);
        if (Files.exists(made) && Json.compact(Json.read(made)).equals(text)) {
            return CausalLM.load(home);
        }
        progress.accept(
                "making a model of width " + recipe.hidden() + ": " + recipe.steps() + " steps on demonstrations");
        CausalLM model = recipe.make();
        AtomicFiles.writeDirectory(home, directory -> {
            model.saveInto(directory, DType.F32);
            Json.write(directory.resolve(MADE), settings);
        });
        return CausalLM.load(home);
    }
}
