// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;

/**
 * What a run whose rollouts take the newest weights left to the clock, as a value: a line of its {@code schedule.jsonl}.
 *
 * <pre>
 * {"sample":7,"weights":5}    rollout 7 is sampled with the weights after five rollouts
 * {"learn":6}                 rollout 6 is the next one that is learned from
 * {"saved":6}                 a checkpoint after six rollouts; nothing is under way
 * </pre>
 */
sealed interface Decision {
    /**
     * Sampling begins.
     *
     * @param rollout number of its draw of problems, from 1; one that was thrown away comes again
     * @param weights rollouts that the weights have been trained on
     */
    record Sample(int rollout, int weights) implements Decision {
        @Override
        public ObjectNode toJson() {
            return Json.object().put("sample", rollout).put("weights", weights);
        }
    }

    /** A rollout is the next to be learned from, where that need not be their order. */
    record Learn(int rollout) implements Decision {
        @Override
        public ObjectNode toJson() {
            return Json.object().put("learn", rollout);
        }
    }

    /** A checkpoint after so many rollouts. */
    record Saved(int rollouts) implements Decision {
        @Override
        public ObjectNode toJson() {
            return Json.object().put("saved", rollouts);
        }
    }

    /** Its line. */
    ObjectNode toJson();

    /**
     * Reads a line.
     *
     * @throws FormatException if it is none
     */
    static Decision read(JsonNode line, String where) {
        JsonFields fields = JsonFields.of(line, where);
        Decision decision;
        if (fields.has("sample")) {
            decision = new Sample(fields.integer("sample"), fields.integer("weights"));
        } else if (fields.has("learn")) {
            decision = new Learn(fields.integer("learn"));
        } else {
            decision = new Saved(fields.integer("saved"));
        }
        fields.finish();
        return decision;
    }
}
