// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

import java.util.List;

/** What an environment tells the policy. */
public sealed interface Observation {
    /**
     * A text: in a conversation the user's next message, otherwise what stands behind the turn as it is.
     *
     * @param text any text; nothing is added to it
     */
    record Text(String text) implements Observation {}

    /**
     * What tools answered: in a conversation a message each.
     *
     * @param results in the order of the calls
     */
    record Results(List<Result> results) implements Observation {
        public Results {
            results = List.copyOf(results);
        }
    }

    /**
     * A tool's answer.
     *
     * @param tool its name
     * @param content what it said
     */
    record Result(String tool, String content) {}
}
