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
    private boolean wantsNumbers; // the server has refused a text that is a number, and taken the number

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
        Optional<ObjectNode> number = number(action.get());
        Optional<OpenEnvClient.Step> taken = wantsNumbers && number.isPresent() ? Optional.empty() : step(action);
        if (taken.isEmpty()) {
            taken = step(number);
            wantsNumbers |= taken.isPresent();
        }
        if (taken.isEmpty()) {
            return Reply.of("not a possible action").withCalls(1, 1);
        }
        OpenEnvClient.Step step = taken.get();
        String told = observed().text(step.observation()).orElse("");
        return new Reply(Optional.of(new Observation.Text(told)), step.reward(), step.isDone(), 1, 0);
    }

    /** Empty if the server refuses the action. */
    private Optional<OpenEnvClient.Step> step(Optional<ObjectNode> action) throws IOException, InterruptedException {
        if (action.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(client().step(action.get()));
        } catch (OpenEnvException refused) {
            if (!refused.isRefusedAction()) {
                throw refused;
            }
            return Optional.empty();
        }
    }

    /**
     * The action with a number in the place of a text that is a whole one. What the policy says is a text, and most servers make a number of
     * it where they want one; one that does not is told it once more as a number.
     */
    private Optional<ObjectNode> number(ObjectNode action) {
        String text = action.path(field).asText();
        return !field.isEmpty() && text.matches("-?[0-9]{1,9}")
                ? Optional.of(Json.object().put(field, Integer.valueOf(text)))
                : Optional.empty();
    }

    private Optional<ObjectNode> action(String text) {
        if (!field.isEmpty()) {
            return Optional.of(Json.object().put(field, text));
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
}
