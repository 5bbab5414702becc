// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.learn.CreditedGroup;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.ScoredGroup;
import java.util.ArrayList;
import java.util.List;

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
    /**
     * The first samples of a step's first groups, one of each; none of a step that goes on with an earlier one's samples.
     *
     * @param texts decodes them: of an episode all that was said, not only the last turn
     */
    public static List<CompletionRecord> of(TrainingStep step, int count, CompletionText texts) {
        List<CreditedGroup> batch = step.sampled().isEmpty() ? List.of() : step.batch();
        List<CompletionRecord> records = new ArrayList<>();
        for (CreditedGroup credited : batch.subList(0, Math.min(count, batch.size()))) {
            ScoredGroup group = credited.scored();
            records.add(new CompletionRecord(
                    step.number(),
                    group.group().problem().prompt(),
                    texts.of(group.group().completion(0)),
                    group.rewards()[0],
                    credited.advantages().mean(0),
                    group.group().samples().getFirst().finish().label()));
        }
        return records;
    }

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
