// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.util.Map;

/** The tools of one episode, and what calling them comes to. */
final class OpenTools implements AutoCloseable {
    private final Map<String, ToolUse> tools;
    private int calls;
    private int failed;

    OpenTools(Map<String, ToolUse> tools) {
        this.tools = Map.copyOf(tools);
    }

    /** Counts anew. */
    void nextTurn() {
        calls = 0;
        failed = 0;
    }

    int calls() {
        return calls;
    }

    int failed() {
        return failed;
    }

    /** A call that is not carried out. */
    void leaveOut() {
        calls++;
        failed++;
    }

    /** A call whose arguments are JSON text. */
    String call(String name, String arguments) throws Exception {
        JsonNode json;
        try {
            json = Json.parse(arguments, "the arguments");
        } catch (FormatException e) {
            leaveOut();
            return error("the arguments are no JSON");
        }
        if (!(json instanceof ObjectNode object)) {
            leaveOut();
            return error("the arguments are no object");
        }
        return call(name, object);
    }

    /** The answer, or what was wrong with the call. */
    String call(String name, ObjectNode arguments) throws Exception {
        calls++;
        ToolUse tool = tools.get(name);
        if (tool == null) {
            failed++;
            return error("there is no tool '" + name + "'");
        }
        try {
            return tool.call(arguments);
        } catch (ToolException mistake) {
            failed++;
            return error(mistake.getMessage());
        }
    }

    private static String error(String message) {
        return Json.compact(Json.object().put("error", message));
    }

    @Override
    public void close() throws IOException {
        IOException first = null;
        for (ToolUse tool : tools.values()) {
            try {
                tool.close();
            } catch (IOException e) {
                first = first == null ? e : first;
            }
        }
        if (first != null) {
            throw first;
        }
    }
}
