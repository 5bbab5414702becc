// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

import java.io.IOException;
import java.util.Optional;

/** One episode under way: made by {@link Environment#reset}, asked after each turn of the policy, closed in the end. */
@FunctionalInterface
public interface Session extends AutoCloseable {
    /**
     * Answers a turn.
     *
     * @throws Exception if it cannot; the sample is a failure then
     */
    Reply respond(Said said) throws Exception;

    /** What the policy is told behind the prompt before its first turn; in a conversation, at the end of the user's message. */
    default Optional<String> opening() {
        return Optional.empty();
    }

    /** Gives back what the episode holds. Called once, also after a failure. */
    @Override
    default void close() throws IOException {}
}
