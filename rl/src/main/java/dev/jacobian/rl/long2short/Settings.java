// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import dev.jacobian.io.FormatException;
import dev.jacobian.rl.config.Given;
import java.util.Set;
import java.util.TreeSet;

/** What stages check of what they are given. */
final class Settings {
    private Settings() {}

    /** Refuses keys that a stage lacks. */
    static void requireKnown(Given given, Set<String> known, String stage) {
        for (String key : given.keys()) {
            if (!known.contains(key)) {
                throw new FormatException(
                        given.get(key).map(Given.Value::origin).orElse(key),
                        "stage '" + stage + "' has no setting '" + key + "'",
                        known.isEmpty() ? "It has none" : "It has " + String.join(", ", new TreeSet<>(known)));
            }
        }
    }
}
