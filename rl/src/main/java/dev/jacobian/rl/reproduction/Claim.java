// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.reproduction.rig.Workshop;

/**
 * Something that a paper says, as an experiment: a record whose components are its settings. The rule for the verdict is code beside the
 * experiment, so it is there before anything is measured.
 */
public interface Claim {
    /** What it is about. */
    ClaimFacts about();

    /**
     * Runs the experiment once. The same seed and settings give the same figures, except for seconds.
     *
     * @param seed of all its random numbers
     * @param workshop where models that experiments share are made
     */
    Measured measure(long seed, Workshop workshop);

    /** What figures must say. */
    Rule rule();

    /** What differs between seeds, for whoever reads the spread. */
    default String varies() {
        return "the first model (its weights and demonstrations), training problems, every sample; held-out problems"
                + " are the same for all";
    }

    /** The settings, by name. */
    default ObjectNode settings() {
        ObjectNode settings = (ObjectNode) ConfigTree.describe(this);
        settings.remove("class");
        settings.forEach(Claim::withoutClass);
        return settings;
    }

    private static void withoutClass(JsonNode node) {
        if (node instanceof ObjectNode object) {
            object.remove("class");
            object.forEach(Claim::withoutClass);
        }
    }
}
