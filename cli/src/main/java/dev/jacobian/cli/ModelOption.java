// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.transformer.Checkpoints;
import java.nio.file.Files;
import java.nio.file.Path;
import picocli.CommandLine.Option;

/** The checkpoint that a command works on. */
final class ModelOption {
    @Option(
            names = "--model",
            paramLabel = "DIR",
            required = true,
            description =
                    "Folder of a Hugging Face checkpoint (config.json, safetensors, tokenizer.json), or a GGUF file.")
    private Path folder;

    /** The folder or file, which exists. */
    Path folder() {
        return existing(folder);
    }

    /** Refuses a path that cannot be a checkpoint, in words that say more than the absence of a file in it. */
    static Path existing(Path folder) {
        return existing(folder, "--model");
    }

    /** The same for another option that takes a checkpoint. */
    static Path existing(Path folder, String option) {
        if (!Files.exists(folder)) {
            throw new CliException(
                    "no such folder: " + folder + ". " + option + " takes the folder of a Hugging Face checkpoint"
                            + " or a GGUF file on this machine (nothing is downloaded)");
        }
        if (!Checkpoints.exist(folder)) {
            throw new CliException(folder + " is not a folder; " + option
                    + " takes the folder that has config.json in it, or a" + " file that ends in .gguf");
        }
        return folder;
    }
}
