// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.transformer.generation.Generation;
import java.util.Optional;

/** Where a {@link ChatSession} hears the user and speaks. What it is given may hold control characters; none reaches a terminal. */
interface ChatConsole extends AutoCloseable {
    /** What the user says next; empty when the user has left. Line ends inside of it are the user's. */
    Optional<String> read();

    /** An answer begins; if the user wants to hear no more of it, {@code stop} is run, from any thread. */
    void begin(Runnable stop);

    /** A piece of the answer. */
    void piece(String text);

    /**
     * The answer has ended.
     *
     * @param said the whole of it
     * @param promptTokens tokens that it answers
     */
    void end(String said, Generation generation, int promptTokens);

    /** Tells the user something that the model did not say. */
    void tell(String text);

    /** Whether a problem with what the user said can be told and the conversation go on; otherwise it ends the command. */
    boolean forgives();

    @Override
    void close();
}
