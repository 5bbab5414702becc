// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;

/** A part of a run that goes into its checkpoints: a resumed run is the one that was never stopped, so all that moves is in one. */
public interface Checkpointed {
    /**
     * Writes what is needed to go on.
     *
     * @param checkpoint the folder, for what is large: files of this part's own names
     * @param state this part's place in the checkpoint's description, for what is small
     */
    default void save(Path checkpoint, ObjectNode state) {}

    /** Goes on from what {@link #save} wrote. */
    default void restore(Path checkpoint, JsonNode state) {}
}
