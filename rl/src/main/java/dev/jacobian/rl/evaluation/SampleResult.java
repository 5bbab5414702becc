// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.evaluation;

import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * One completion of a problem, and what was found of it.
 *
 * @param text what was said
 * @param tokens that the model chose
 * @param reward the task's; NaN where no reward function applied
 * @param solved whether that is a solution
 * @param answer that a vote counts, if there is one
 * @param finish why it ended
 * @param entropy of the model's distributions at these tokens, summed, in nats
 * @param repetition share of repeated 5-grams of tokens
 * @param choice what a model says that chooses among samples, if one was asked; -∞ for one that it could not be asked about
 */
public record SampleResult(
        String text,
        int tokens,
        double reward,
        boolean solved,
        Optional<String> answer,
        FinishReason finish,
        double entropy,
        double repetition,
        OptionalDouble choice) {
    /** Whether a limit ended it. */
    public boolean truncated() {
        return finish == FinishReason.LENGTH;
    }

    ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("completion", text);
        json.put("tokens", tokens);
        if (Double.isNaN(reward)) {
            json.putNull("reward");
        } else {
            json.put("reward", reward);
        }
        json.put("solved", solved);
        json.put("answer", answer.orElse(null));
        json.put("finish_reason", finish.label());
        json.put("entropy", tokens == 0 ? 0 : entropy / tokens);
        json.put("rep5", repetition);
        choice.ifPresent(score -> json.set("choice", Double.isFinite(score) ? DoubleNode.valueOf(score) : null));
        return json;
    }
}
