// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;

/**
 * One sampled completion as it is logged.
 *
 * @param step training step it was sampled in
 * @param prompt prompt text
 * @param completion completion text, without the end-of-sequence token
 * @param reward weighted sum of rewards
 * @param advantage advantage within its group
 * @param finishReason {@code stop} or {@code length}
 */
public record CompletionRecord(
        int step, String prompt, String completion, double reward, double advantage, String finishReason) {
    /** As {@code completions.jsonl} has it, without the step, which stands first there. */
    public ObjectNode toJson() {
        ObjectNode json = Json.object();
        json.put("prompt", prompt);
        json.put("completion", completion);
        json.put("reward", reward);
        json.put("advantage", advantage);
        json.put("finish_reason", finishReason);
        return json;
    }
}
