// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.StageContext;
import java.nio.file.Files;

/** What can be said of a stage's sources before any stage has run. */
final class Sources {
    private Sources() {}

    /** A model of the user is loaded once before anything else: it has its weights and a tokenizer, or an error says what it lacks. */
    static void check(StageContext context, Source model) {
        if (model instanceof Source.Given given) {
            if (!Files.exists(given.path())) {
                throw new FormatException(
                        given.path().toString(),
                        "there is no such model",
                        "Name the folder of a checkpoint with --model");
            }
            context.load(given.path()).tokenizer();
        }
    }

    /** Problems that need nothing of earlier stages are made once before anything else. */
    static void check(StageContext context, Problems problems) {
        if (problems.inputs().isEmpty()) {
            problems.task(context);
        }
    }
}
