// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.rl.run.RunDirectory;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where a run stands: with weights, what the optimizer remembers, and settings, all that a resumed run needs.
 *
 * @param step optimizer steps made
 * @param tokens tokens trained on so far, prompts included
 * @param loss of the last step
 * @param seconds time spent so far
 * @param memory what the method remembers
 */
record OfflineState(int step, long tokens, double loss, double seconds, Map<String, Double> memory) {
    static final OfflineState START = new OfflineState(0, 0, 0, 0, Map.of());

    /**
     * Reads what {@link #toJson} wrote, strictly.
     *
     * @throws dev.jacobian.io.FormatException naming the file and the field
     */
    static OfflineState read(RunDirectory.Restored restored) {
        JsonFields fields = restored.state();
        Map<String, Double> memory = new TreeMap<>();
        if (fields.has("memory")) {
            JsonFields remembered = fields.object("memory");
            remembered.node().fieldNames().forEachRemaining(name -> memory.put(name, remembered.number(name)));
        }
        OfflineState state = new OfflineState(
                restored.step(), fields.count("tokens"), fields.number("loss"), fields.quantity("seconds"), memory);
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
        if (!memory.isEmpty()) {
            ObjectNode remembered = json.putObject("memory");
            new TreeMap<>(memory).forEach(remembered::put);
        }
        return json;
    }
}
