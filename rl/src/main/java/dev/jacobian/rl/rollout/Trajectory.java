// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.episode.Ending;
import dev.jacobian.rl.episode.Episode;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Arrays;
import java.util.Optional;
import java.util.function.LongPredicate;

/**
 * One run of the policy as a flat run of token ids with a fact per token: prompt, completion, tool output and later turns are
 * spans of it. It is carried from the sampler to the loss as it is; text is decoded for rewards and people, never encoded again.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>There is no split into prompt and completion, only the mask of what the policy chose: those tokens, and no others, have
 *       a log-probability, a place in the loss and in every count. Where a group's shared prompt ends is the group's to know.
 *   <li>A token that the policy did not choose has the log-probability 0: it was certain. So a sum over all tokens is the
 *       log-probability of the choices.
 *   <li>A trajectory is never changed. {@link #chosen} and {@link #given} make longer ones, and a paused one is a prefix to go
 *       on from.
 * </ul>
 *
 * <p>The arrays are not copied, neither in nor out; leave them alone.
 *
 * @param tokens [N] the prompt's included
 * @param chosen [N] whether the policy chose the token; the first is never chosen, because nothing predicts it
 * @param logProbs [N] log-probability of each chosen token under the weights that chose it, at the sampling temperature; 0 for
 *     the others
 * @param versions which weights chose
 * @param finish why it ended; {@link FinishReason#PAUSED} if it can go on
 * @param episode what happened between the policy and its environment, if it has one
 */
public record Trajectory(
        int[] tokens,
        boolean[] chosen,
        float[] logProbs,
        WeightVersions versions,
        FinishReason finish,
        Optional<Episode> episode) {
    /** Without an environment. */
    public Trajectory(int[] tokens, boolean[] chosen, float[] logProbs, WeightVersions versions, FinishReason finish) {
        this(tokens, chosen, logProbs, versions, finish, Optional.empty());
    }

    public Trajectory {
        if (chosen.length != tokens.length || logProbs.length != tokens.length) {
            throw new IllegalArgumentException("a trajectory of " + tokens.length + " tokens needs as many facts, got "
                    + chosen.length + " for 'chosen' and " + logProbs.length + " log-probabilities");
        }
        if (tokens.length == 0 || chosen[0]) {
            throw new IllegalArgumentException("a trajectory begins with a token that was not chosen");
        }
        int covered = versions.runs().isEmpty() ? 0 : versions.runs().getLast().end();
        for (int t = 0; t < tokens.length; t++) {
            if (!chosen[t] && logProbs[t] != 0) {
                throw new IllegalArgumentException(
                        "token " + t + " was not chosen, so its log-probability is 0, not " + logProbs[t]);
            }
            if (chosen[t] && t >= covered) {
                throw new IllegalArgumentException("no weight version covers token " + t + ", which was chosen");
            }
        }
    }

    /** A prompt that nothing continues yet. */
    public static Trajectory ofPrompt(int[] tokens) {
        return new Trajectory(
                tokens, new boolean[tokens.length], new float[tokens.length], WeightVersions.NONE, FinishReason.PAUSED);
    }

    /**
     * This one, continued by the policy.
     *
     * @param more the tokens that it chose
     * @param theirLogProbs log-probability of each
     * @param version optimizer steps that its weights had seen
     * @param reason why it ended there
     */
    public Trajectory chosen(int[] more, float[] theirLogProbs, long version, FinishReason reason) {
        if (more.length != theirLogProbs.length) {
            throw new IllegalArgumentException(
                    more.length + " tokens but " + theirLogProbs.length + " log-probabilities");
        }
        boolean[] mask = Arrays.copyOf(chosen, length() + more.length);
        Arrays.fill(mask, length(), mask.length, true);
        float[] facts = Arrays.copyOf(logProbs, mask.length);
        System.arraycopy(theirLogProbs, 0, facts, length(), more.length);
        WeightVersions all = more.length == 0 ? versions : versions.until(mask.length, version);
        return new Trajectory(joined(more), mask, facts, all, reason, episode);
    }

    /** This one, continued by somebody else: a tool's output, the next turn of a conversation. The policy may go on from it. */
    public Trajectory given(int[] more) {
        int n = length() + more.length;
        return new Trajectory(
                joined(more),
                Arrays.copyOf(chosen, n),
                Arrays.copyOf(logProbs, n),
                versions,
                FinishReason.PAUSED,
                episode);
    }

    /** The same with what happened in its environment. */
    public Trajectory with(Episode happened, FinishReason reason) {
        return new Trajectory(tokens, chosen, logProbs, versions, reason, Optional.of(happened));
    }

    /** The same, given up where it stands: it was to go on, and will not. */
    public Trajectory abandoned() {
        return new Trajectory(
                tokens,
                chosen,
                logProbs,
                versions,
                FinishReason.ABANDONED,
                episode.map(paused -> paused.ended(Ending.LENGTH)));
    }

    /** The same, of whose choices those of some weights alone are any: the others stand there as if somebody else had written them. */
    public Trajectory choicesOf(LongPredicate version) {
        boolean[] mask = chosen.clone();
        float[] facts = logProbs.clone();
        int start = 0;
        for (WeightVersions.Run run : versions.runs()) {
            if (!version.test(run.version())) {
                Arrays.fill(mask, start, run.end(), false);
                Arrays.fill(facts, start, run.end(), 0f);
            }
            start = run.end();
        }
        return new Trajectory(tokens, mask, facts, versions, finish, episode);
    }

    private int[] joined(int[] more) {
        int[] all = Arrays.copyOf(tokens, tokens.length + more.length);
        System.arraycopy(more, 0, all, tokens.length, more.length);
        return all;
    }

    /** N, the number of tokens, chosen or not. */
    public int length() {
        return tokens.length;
    }

    /** The number of tokens that the policy chose. */
    public int choices() {
        int count = 0;
        for (boolean c : chosen) {
            count += c ? 1 : 0;
        }
        return count;
    }

    /** The log-probabilities of the choices, [choices], as an array of its own. */
    public float[] chosenLogProbs() {
        float[] own = new float[choices()];
        int next = 0;
        for (int t = 0; t < length(); t++) {
            if (chosen[t]) {
                own[next++] = logProbs[t];
            }
        }
        return own;
    }

    /** One past the last token that was chosen; 0 if none was. What stands behind it has no part in the loss. */
    public int lastChoice() {
        int end = length();
        while (end > 0 && !chosen[end - 1]) {
            end--;
        }
        return end;
    }

    /** The tokens from a place on, as an array of its own. */
    public int[] from(int start) {
        return Arrays.copyOfRange(tokens, start, tokens.length);
    }
}
