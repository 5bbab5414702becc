// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.run.RunDirectory;

/**
 * Where a fine-tuning run stands: with weights, optimizer moments and settings all that a resumed run needs.
 *
 * @param step optimizer steps made
 * @param tokens tokens trained on so far, prompts included
 * @param loss of the last step
 * @param seconds time spent so far
 */
record SftState(int step, long tokens, double loss, double seconds) {
    static final SftState START = new SftState(0, 0, 0, 0);

    /**
     * Reads what {@link #toJson} wrote, strictly.
     *
     * @throws dev.jacobian.io.FormatException naming the file and the field
     */
    static SftState read(RunDirectory.Restored restored) {
        JsonFields fields = restored.state();
        SftState state = new SftState(
                restored.step(), fields.count("tokens"), fields.quantity("loss"), fields.quantity("seconds"));
        fields.ignore("updates", "optimizer_steps"); // the learner's
        fields.finish();
        return state;
    }

    /** The trainer's own fields of {@code trainer_state.json}. */
    ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("tokens", tokens);
        json.put("loss", loss);
        json.put("seconds", seconds);
        return json;
    }
}
