// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment;

import dev.jacobian.rl.reward.Columns;
import java.util.Optional;

/**
 * What an episode begins with: all that a session may depend on besides what the policy says.
 *
 * @param problemId names the problem in messages
 * @param prompt the problem's prompt; of a conversation its messages as JSON
 * @param columns the problem's data
 * @param seed for what is random in the environment; the same for all samples of a problem, so that they are comparable
 * @param sample number of the sample among those of its problem; for names, not for chance
 * @param isConversation whether prompt and turns are messages of a chat template
 * @param calls how the model calls tools; empty if its template shows it none
 */
public record Start(
        String problemId,
        String prompt,
        Columns columns,
        long seed,
        int sample,
        boolean isConversation,
        Optional<ToolCalls> calls) {
    /** A prompt in plain text. */
    public Start(String problemId, String prompt, Columns columns, long seed, int sample) {
        this(problemId, prompt, columns, seed, sample, false, Optional.empty());
    }
}
