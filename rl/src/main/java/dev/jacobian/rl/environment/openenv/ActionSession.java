// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.openenv;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.environment.Observation;
import dev.jacobian.rl.environment.Reply;
import dev.jacobian.rl.environment.Said;
import java.io.IOException;
import java.util.Optional;

/** A session in which each turn is an action. */
final class ActionSession extends RemoteSession {
    private final String field; // empty: the action is JSON in the turn

    ActionSession(OpenEnvClient client, OpenEnvClient.Step first, Observed observed, String field)
            throws OpenEnvException {
        super(client, first, observed);
        this.field = field;
    }

    @Override
    public Reply respond(Said said) throws IOException, InterruptedException {
        if (isDone()) {
            return Reply.done();
        }
        Optional<ObjectNode> action = action(said.text().strip());
        if (action.isEmpty()) {
            return Reply.of("not an action: write it as a JSON object").withCalls(1, 1);
        }
        OpenEnvClient.Step step;
        try {
            step = client().step(action.get());
        } catch (OpenEnvException refused) {
            if (!refused.isRefusedAction()) {
                throw refused;
            }
            return Reply.of("not a possible action").withCalls(1, 1);
        }
        String told = observed().text(step.observation()).orElse("");
        return new Reply(Optional.of(new Observation.Text(told)), step.reward(), step.isDone(), 1, 0);
    }

    private Optional<ObjectNode> action(String text) {
        if (!field.isEmpty()) {
            return Optional.of(whole(text)
                    .map(number -> Json.object().put(field, number))
                    .orElseGet(() -> Json.object().put(field, text)));
        }
        int begin = text.indexOf('{');
        int end = text.lastIndexOf('}');
        if (begin < 0 || end < begin) {
            return Optional.empty();
        }
        try {
            JsonNode json = Json.parse(text.substring(begin, end + 1), "an action");
            return json instanceof ObjectNode object ? Optional.of(object) : Optional.empty();
        } catch (FormatException e) {
            return Optional.empty();
        }
    }

    /** A text that is a whole number; a member that wants one gets one. */
    private static Optional<Integer> whole(String text) {
        return text.matches("-?[0-9]{1,9}") ? Optional.of(Integer.valueOf(text)) : Optional.empty();
    }
}
