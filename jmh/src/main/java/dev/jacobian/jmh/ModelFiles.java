// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Checkpoints with random weights, written on first use and kept. */
final class ModelFiles {
    private ModelFiles() {}

    /** The folder of a checkpoint; it is whole if it is there. */
    static Path checkpoint(ModelShape shape, DType stored) {
        Path folder = Folders.scratch().resolve("checkpoint-" + shape.name() + "-" + stored);
        if (!Files.exists(folder)) {
            CausalLM.create(shape.config(), Optional.empty(), 1).save(folder, stored);
        }
        return folder;
    }
}
