// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Tools in plain text: one call a turn, of one text. */
final class PlainToolSession implements Session {
    private final List<Tool> toolbox;
    private final OpenTools tools;
    private final PlainCalls plain;

    PlainToolSession(List<Tool> toolbox, Map<String, ToolUse> open, PlainCalls plain) {
        this.toolbox = toolbox;
        this.tools = new OpenTools(open);
        this.plain = plain;
    }

    @Override
    public Reply respond(Said said) throws Exception {
        tools.nextTurn();
        Optional<String> call = said.isEnded() ? Optional.empty() : plain.call(said.text());
        if (call.isEmpty()) {
            return Reply.done();
        }
        String result = result(call.get());
        return Reply.of(plain.answer(result)).withCalls(tools.calls(), tools.failed());
    }

    private String result(String call) throws Exception {
        if (toolbox.size() == 1) {
            return call(toolbox.getFirst(), call);
        }
        String[] parts = call.split(":", 2);
        Optional<Tool> named = toolbox.stream()
                .filter(tool -> tool.name().equals(parts[0].strip()))
                .findFirst();
        return named.isPresent()
                ? call(named.get(), parts.length < 2 ? "" : parts[1])
                : tools.call(parts[0].strip(), Json.object());
    }

    private String call(Tool tool, String argument) throws Exception {
        String parameter = tool.parameters().path("required").path(0).asText();
        ObjectNode arguments = Json.object().put(parameter, argument);
        return tools.call(tool.name(), arguments);
    }

    @Override
    public void close() throws IOException {
        tools.close();
    }
}
