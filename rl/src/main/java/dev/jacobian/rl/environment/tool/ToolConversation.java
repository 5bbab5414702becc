// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import dev.jacobian.io.chat.ToolCall;
import dev.jacobian.io.chat.ToolCallParser;
import dev.jacobian.rl.environment.Observation;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.Session;
import dev.jacobian.rl.environment.ToolCalls;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Tools in a conversation: calls as the chat template has them, an answer for each. */
final class ToolConversation implements Session {
    private final OpenTools tools;
    private final Set<String> names;
    private final ToolCalls form;

    ToolConversation(Map<String, ToolUse> tools, ToolCalls form) {
        this.tools = new OpenTools(tools);
        this.names = Set.copyOf(tools.keySet());
        this.form = form;
    }

    @Override
    public Reply respond(Said said) throws Exception {
        tools.nextTurn();
        ToolCallParser parser = new ToolCallParser(form.format(), names);
        List<ToolCall> calls = Stream.concat(parser.push(said.text()).stream(), parser.finish().stream())
                .flatMap(part -> part.call().stream())
                .toList();
        List<Observation.Result> results = new ArrayList<>();
        for (ToolCall call : calls) {
            if (results.size() < form.most()) {
                results.add(new Observation.Result(call.name(), tools.call(call.name(), call.arguments())));
            } else {
                tools.leaveOut();
            }
        }
        Reply reply = results.isEmpty() ? Reply.done() : Reply.of(new Observation.Results(results));
        return reply.withCalls(tools.calls(), tools.failed());
    }

    @Override
    public void close() throws IOException {
        tools.close();
    }
}
