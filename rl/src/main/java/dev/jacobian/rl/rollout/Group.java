// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.rollout;

import dev.jacobian.rl.task.Problem;
import dev.jacobian.transformer.generation.FinishReason;
import java.util.Arrays;
import java.util.List;

/**
 * A problem and its samples: what advantages are computed within. The samples share their first tokens, which are computed once
 * for all of them.
 *
 * @param problem the problem
 * @param key what identifies it to the random generator; the i-th sample is number i
 * @param promptLength tokens that all samples begin with, none of them chosen
 * @param samples at least one
 */
public record Group(Problem problem, long key, int promptLength, List<Trajectory> samples) {
    public Group {
        samples = List.copyOf(samples);
        if (samples.isEmpty()) {
            throw new IllegalArgumentException("a group needs at least one sample");
        }
        int[] first = samples.getFirst().tokens();
        for (Trajectory sample : samples) {
            if (promptLength < 1
                    || promptLength > sample.length()
                    || !Arrays.equals(first, 0, promptLength, sample.tokens(), 0, promptLength)) {
                throw new IllegalArgumentException("the samples of problem '" + problem.id()
                        + "' do not share a prompt of " + promptLength + " tokens");
            }
            for (int t = 0; t < promptLength; t++) {
                if (sample.chosen()[t]) {
                    throw new IllegalArgumentException("token " + t + " of the prompt of problem '" + problem.id()
                            + "' was chosen by the policy; a prompt ends where the first choice stands");
                }
            }
        }
    }

    /** Number of samples. */
    public int size() {
        return samples.size();
    }

    /** The shared prompt, as an array of its own. */
    public int[] prompt() {
        return Arrays.copyOf(samples.getFirst().tokens(), promptLength);
    }

    /** What follows the prompt in a sample: all that the policy and its tools wrote, as an array of its own. */
    public int[] completion(int sample) {
        return samples.get(sample).from(promptLength);
    }

    /** Tokens that one forward pass of the whole group computes: the prompt once, and every completion. */
    public int tokens() {
        return promptLength
                + samples.stream().mapToInt(s -> s.length() - promptLength).sum();
    }

    /** Some of the samples. */
    public Group slice(int from, int to) {
        return new Group(problem, key, promptLength, samples.subList(from, to));
    }

    /** Whether a sample waits to be continued. */
    public boolean isPaused() {
        return samples.stream().anyMatch(sample -> sample.finish() == FinishReason.PAUSED);
    }
}
