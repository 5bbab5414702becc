// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import java.util.List;

/** Parts what is given to a stage into its own settings and those of the run within. */
final class OwnSettings {
    private OwnSettings() {}

    /** A stage's own settings with those of its keys that are given. */
    static <T extends Record> T with(T own, Given given) {
        List<String> names = ConfigTree.names(own);
        return ConfigTree.with(
                own,
                given.without(given.keys().stream()
                        .filter(key -> !names.contains(key))
                        .toList()));
    }

    /** What is given for the rest. */
    static Given without(Record own, Given given) {
        return given.without(ConfigTree.names(own));
    }
}
