// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.puzzle.PuzzleTask;
import dev.jacobian.rl.reward.ExactMatchReward.Answer;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.JsonlTask;
import java.nio.file.Path;

/**
 * Rows that reasoning-gym printed as a task. The prompt is the row's {@code question}, and behind it the words that say where
 * the answer goes, which reasoning-gym leaves to a system prompt.
 */
public final class ReasoningGym {
    private ReasoningGym() {}

    /**
     * Reads a file, scored by reasoning-gym's rules.
     *
     * @param reward how answers are scored, and where they stand
     * @param skipBadRows whether a row that cannot be used is left out and counted, or is an error
     * @throws dev.jacobian.io.FormatException naming file and row, for a row without a question or of a task without a scorer
     */
    public static JsonlTask task(Path file, ReasoningGymReward reward, boolean skipBadRows) {
        return task(Rows.of(file), WeightedRewards.of(reward), reward.form(), skipBadRows);
    }

    /** The same with rewards of one's own. */
    public static JsonlTask task(Rows data, WeightedRewards rewards, Answer form, boolean skipBadRows) {
        return JsonlTask.of(data, rewards, skipBadRows, row -> prompted(row, form));
    }

    private static JsonNode prompted(JsonNode row, Answer form) {
        if (!row.isObject() || row.has("prompt") || !row.path("question").isTextual()) {
            return row; // has a prompt, or the reader says that it has none
        }
        ObjectNode prompted = ((ObjectNode) row).deepCopy();
        return prompted.put("prompt", PuzzleTask.prompt(row.get("question").textValue(), form));
    }
}
