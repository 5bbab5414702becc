// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ToolCall;
import dev.jacobian.io.chat.ToolCallParser;
import dev.jacobian.rl.environment.Observation;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import dev.jacobian.rl.environment.ToolCalls;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;

/** A session in which turns call the environment's tools, each call a step; a turn without a call ends it. */
final class ToolSession extends RemoteSession {
    private final ToolCalls form;

    ToolSession(OpenEnvClient client, OpenEnvClient.Step first, Observed observed, ToolCalls form)
            throws OpenEnvException {
        super(client, first, observed);
        this.form = form;
    }

    @Override
    public Reply respond(Said said) throws IOException, InterruptedException {
        ToolCallParser parser = new ToolCallParser(form.format(), Set.of());
        List<ToolCall> calls = Stream.concat(parser.push(said.text()).stream(), parser.finish().stream())
                .flatMap(part -> part.call().stream())
                .limit(form.most())
                .toList();
        if (isDone() || calls.isEmpty()) {
            return Reply.done();
        }
        List<Observation.Result> results = new ArrayList<>();
        OptionalDouble reward = OptionalDouble.empty();
        int failed = 0;
        boolean isOver = false;
        for (ToolCall call : calls) {
            if (isOver) {
                break;
            }
            Optional<OpenEnvClient.Step> step = step(call);
            JsonNode error = step.map(one -> one.observation().path("error"))
                    .orElseGet(() -> Json.object().textNode("not a possible call"));
            boolean isFailed = !error.isNull() && !error.isMissingNode();
            failed += isFailed ? 1 : 0;
            results.add(new Observation.Result(
                    call.name(),
                    isFailed
                            ? Json.compact(Json.object().set("error", error))
                            : result(step.orElseThrow().observation().path("result"))));
            OptionalDouble earned = step.map(OpenEnvClient.Step::reward).orElse(OptionalDouble.empty());
            if (earned.isPresent()) {
                reward = OptionalDouble.of(reward.orElse(0) + earned.getAsDouble());
            }
            isOver = step.map(OpenEnvClient.Step::isDone).orElse(false);
        }
        return new Reply(Optional.of(new Observation.Results(results)), reward, isOver, results.size(), failed);
    }

    private Optional<OpenEnvClient.Step> step(ToolCall call) throws IOException, InterruptedException {
        try {
            ObjectNode action = Json.object().put("type", "call_tool").put("tool_name", call.name());
            action.set("arguments", Json.parse(call.arguments(), "arguments"));
            return Optional.of(client().step(action));
        } catch (FormatException noJson) {
            return Optional.empty();
        } catch (OpenEnvException refused) {
            if (!refused.isRefusedAction()) {
                throw refused;
            }
            return Optional.empty();
        }
    }

    /** What a tool returned, out of what MCP wraps it in. */
    private static String result(JsonNode result) {
        JsonNode data = result.hasNonNull("data") ? result.get("data") : result;
        return data.isTextual() ? data.textValue() : Json.compact(data);
    }
}
