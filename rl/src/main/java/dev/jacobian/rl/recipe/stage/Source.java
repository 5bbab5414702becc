// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import java.nio.file.Path;
import java.util.List;

/** Where a stage takes something from: a file or folder of the user, or what an earlier stage made. */
public sealed interface Source {
    /** The product that holds a stage's trained model. */
    String MODEL = "model";

    /** A file or folder of the user. */
    record Given(Path path) implements Source {
        @Override
        public Path in(StageContext context) {
            return path;
        }

        @Override
        public List<String> stages() {
            return List.of();
        }

        @Override
        public String toString() {
            return path.toAbsolutePath().normalize().toString();
        }
    }

    /** A product of an earlier stage. */
    record Made(String stage, String product) implements Source {
        @Override
        public Path in(StageContext context) {
            return context.product(stage, product);
        }

        @Override
        public List<String> stages() {
            return List.of(stage);
        }

        @Override
        public String toString() {
            return stage + "/" + product;
        }
    }

    /** A file or folder of the user. */
    static Source of(Path path) {
        return new Given(path);
    }

    /** The model that an earlier stage trained. */
    static Source model(String stage) {
        return new Made(stage, MODEL);
    }

    /** Where it is now. */
    Path in(StageContext context);

    /** The stages that make it. */
    List<String> stages();
}
