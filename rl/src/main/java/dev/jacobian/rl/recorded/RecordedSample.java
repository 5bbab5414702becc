// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recorded;

import dev.jacobian.rl.rollout.Trajectory;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * A line of a file of rollouts.
 *
 * @param line its number, for messages
 * @param generation which generation batch it belongs to, if the file says so
 * @param row which row of the data its prompt is, if the file says so
 * @param prompt the prompt's token ids
 * @param completion the completion's
 * @param logProbs log-probability of each token of the completion, as its sampler reported them; empty if it did not
 * @param own whether the policy chose each token of the completion
 * @param truncated whether it was cut rather than ended
 * @param rewards by function; NaN where one had nothing to say
 * @param text the prompt as text, if the file has it
 */
record RecordedSample(
        long line,
        Optional<Integer> generation,
        Optional<Integer> row,
        int[] prompt,
        int[] completion,
        float[] logProbs,
        boolean[] own,
        boolean truncated,
        Map<String, Double> rewards,
        Optional<String> text) {
    /** The version of weights that no trainer has: whoever sampled had others. */
    static final long FOREIGN = -1;

    /** Whether a line may belong to the same group. */
    boolean sharesPromptWith(RecordedSample other) {
        return row.equals(other.row) && generation.equals(other.generation) && Arrays.equals(prompt, other.prompt);
    }

    /** As the trainer takes it. */
    Trajectory trajectory() {
        Trajectory grown = Trajectory.ofPrompt(prompt);
        FinishReason finish = truncated ? FinishReason.LENGTH : FinishReason.STOP;
        for (int from = 0; from < completion.length; ) {
            int to = from;
            while (to < completion.length && own[to] == own[from]) {
                to++;
            }
            int[] tokens = Arrays.copyOfRange(completion, from, to);
            grown = own[from]
                    ? grown.chosen(
                            tokens,
                            logProbs.length == 0 ? new float[tokens.length] : Arrays.copyOfRange(logProbs, from, to),
                            FOREIGN,
                            finish)
                    : grown.given(tokens);
            from = to;
        }
        return new Trajectory(grown.tokens(), grown.chosen(), grown.logProbs(), grown.versions(), finish);
    }
}
