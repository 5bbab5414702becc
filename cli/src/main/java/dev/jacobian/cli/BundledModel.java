// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** The checkpoint that comes with the project and the places around it. */
final class BundledModel {
    static final String NAME = "countdown-0.6m";

    private BundledModel() {}

    /** The project's folder, which the launcher names; the current folder otherwise. */
    static Path home() {
        return Path.of(System.getProperty("jacobian.home", "."));
    }

    /** The bundled checkpoint. */
    static Path folder() {
        Path folder = home().resolve("models").resolve(NAME);
        if (!Files.isDirectory(folder)) {
            throw new CliException("the bundled model is not at " + folder + "; give a checkpoint with --model DIR");
        }
        return folder;
    }
}
