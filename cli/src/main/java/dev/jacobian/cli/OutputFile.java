// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds out before the work, not after it, that its result cannot be written. */
final class OutputFile {
    private OutputFile() {}

    /** Refuses a path that cannot become a file. Touches nothing. */
    static void require(Path file) {
        if (Files.isDirectory(file)) {
            throw new CliException("cannot write " + file + ": it is a folder; give the name of a file");
        }
        Path parent = file.toAbsolutePath().normalize().getParent();
        while (parent != null && !Files.exists(parent)) {
            parent = parent.getParent();
        }
        if (parent == null || !Files.isDirectory(parent)) {
            throw new CliException("cannot write " + file + ": " + parent + " is not a folder; choose another place");
        }
        if (!Files.isWritable(parent)) {
            throw new CliException(
                    "cannot write " + file + ": no permission to write into " + parent + "; choose another place");
        }
    }
}
