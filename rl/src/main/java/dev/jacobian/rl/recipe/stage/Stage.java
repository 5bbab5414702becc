// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.Given;
import java.util.List;

/**
 * A piece of work with a folder of its own: training, sampling, filtering, measuring.
 *
 * <p>Implementations are values. What {@link #run} computes is a function of the settings, the seed and the inputs, to the bit. It may be
 * killed at any instant and is then called again with the same folder: it goes on there, or begins anew, to the same result.
 */
public interface Stage {
    /** Names the stage in its pipeline, on the command line and in the folder: small letters, digits and hyphens. */
    String name();

    /** What the stage does, in a sentence, for whoever reads the report. */
    String purpose();

    /** The earlier stages whose products it reads, by name. */
    List<String> inputs();

    /** All that decides what it computes beside seed and inputs; saved, and compared when the pipeline goes on. */
    ObjectNode settings();

    /**
     * A stage of the same kind with some settings replaced.
     *
     * @throws dev.jacobian.io.FormatException for a key that it lacks or a value that it refuses, with the value's origin
     */
    Stage with(Given given);

    /**
     * Checks what can be checked before any stage has run: files that are there, data that has its columns.
     *
     * @throws RuntimeException with one message for the user
     */
    default void check(StageContext context) {}

    /** Does the work. */
    StageResult run(StageContext context);
}
