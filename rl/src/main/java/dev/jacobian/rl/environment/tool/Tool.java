// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.environment.Environment;
import dev.jacobian.rl.environment.Start;
import dev.jacobian.rl.reward.Columns;

/**
 * Something that a policy may call.
 *
 * <pre>{@code
 * Tool upper = Tool.of("upper", "Writes a text in capitals.", "text", text -> text.toUpperCase(Locale.ROOT));
 * }</pre>
 */
public interface Tool {
    /** The name that calls have: letters, digits, _ and -. */
    String name();

    /** What it does, for the model. */
    String description();

    /** JSON schema of the arguments: an object. */
    ObjectNode parameters();

    /**
     * The tool for one episode.
     *
     * @throws Exception if it cannot be had; the sample is a failure then
     */
    ToolUse open(Start start) throws Exception;

    /** Checks that a problem's columns have what it reads; as {@link Environment#requireUsable}. */
    default void requireUsable(Columns columns) {}

    /** How many calls of it may be under way at once: as many as it works on together, so that none waits within its deadline. */
    default int callsAtOnce() {
        return Environment.USUAL_CALLS;
    }

    /** What a chat template is given of it. */
    default ObjectNode schema() {
        ObjectNode schema = Json.object().put("type", "function");
        schema.putObject("function")
                .put("name", name())
                .put("description", description())
                .set("parameters", parameters());
        return schema;
    }

    /** A function of one text, the same in every episode. */
    static Tool of(String name, String description, String parameter, TextFunction function) {
        return new FunctionTool(name, description, parameter, function);
    }

    /** A function of one text. */
    @FunctionalInterface
    interface TextFunction {
        /**
         * The answer.
         *
         * @throws ToolException with what is wrong with the argument, for the model
         */
        String apply(String argument) throws ToolException;
    }
}
