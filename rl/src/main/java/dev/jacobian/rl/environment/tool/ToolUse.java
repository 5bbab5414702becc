// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;

/** A tool in one episode. */
@FunctionalInterface
public interface ToolUse extends AutoCloseable {
    /**
     * Answers a call.
     *
     * @throws ToolException with what is wrong with the call: the model is told, and the episode goes on
     * @throws Exception if the tool cannot do its work: the sample is a failure
     */
    String call(ObjectNode arguments) throws Exception;

    @Override
    default void close() throws IOException {}
}
