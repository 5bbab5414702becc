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
 * Makes the models that experiments begin with: each once in a folder, and from then on the one that is there. Every seed has a model of its
 * own, so that what differs between seeds has the first model's part in it. A model's folder is named by its settings and seed and says them in
 * {@code made.json}; training is deterministic, so another folder has the same bits.
 */
public final class Workshop {
    private static final String MADE = "made.json";
    private static final long DEMONSTRATIONS =
            1_000_000; // so that demonstrations are of other problems than the seed trains on

    private final Path folder;
    private final Consumer<String> progress;

    /** In a folder, which is created when a model is made. */
    public Workshop(Path folder, Consumer<String> progress) {
        this.folder = folder;
        this.progress = progress;
    }

    /** A seed's model, made if it is not there; whoever asks may train it, it is a copy of one's own. */
    public CausalLM model(TinyModel recipe, long seed) {
        ObjectNode settings = (ObjectNode) ConfigTree.describe(recipe);
        settings.put("seed", seed);
        String text = Json.compact(settings);
        Path home = folder.resolve(String.format(Locale.ROOT, "d%d-%08x", recipe.hidden(), text.hashCode()));
        Path made = home.resolve(MADE);
        if (Files.exists(made) && Json.compact(Json.read(made)).equals(text)) {
            return CausalLM.load(home);
        }
        progress.accept("making the model of width " + recipe.hidden() + " of seed " + seed + ": " + recipe.steps()
                + " steps on demonstrations");
        CausalLM model = recipe.make(seed + DEMONSTRATIONS);
        AtomicFiles.writeDirectory(home, directory -> {
            model.saveInto(directory, DType.F32);
            Json.write(directory.resolve(MADE), settings);
        });
        return CausalLM.load(home);
    }
}
