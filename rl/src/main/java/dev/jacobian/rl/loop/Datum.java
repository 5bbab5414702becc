// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.loop;

import dev.jacobian.transformer.LabelledBatch;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * A sequence to learn from: what the model reads, what it is to say behind each token, and what is known of these targets.
 *
 * <pre>{@code
 * Datum.of(prompt, completion)                       // the completion's tokens are targets
 *         .with("logprobs", generation.logProbs())   // one for each target
 *         .with("advantages", 0.5f);                 // the same for all
 * }</pre>
 *
 * @param tokens [T] ids
 * @param targets [T] the id behind each of them; {@link LabelledBatch#IGNORE} where nothing is asked
 * @param facts numbers by name, one for each target that counts
 */
public record Datum(int[] tokens, int[] targets, Map<String, float[]> facts) {
    /** @throws IllegalArgumentException if lengths disagree, or there is no token */
    public Datum {
        if (tokens.length == 0 || tokens.length != targets.length) {
            throw new IllegalArgumentException(
                    tokens.length + " tokens and " + targets.length + " targets; give each token one, at least one");
        }
        facts = Map.copyOf(facts);
        int count = count(targets);
        facts.forEach((name, values) -> {
            if (values.length != count) {
                throw new IllegalArgumentException(
                        "'" + name + "' has " + values.length + " numbers for " + count + " targets; give each one");
            }
        });
    }

    /**
     * A completion behind its prompt.
     *
     * @param prompt [P] at least one token
     * @param completion [C] the targets
     */
    public static Datum of(int[] prompt, int[] completion) {
        if (prompt.length == 0 || completion.length == 0) {
            throw new IllegalArgumentException("a prompt of " + prompt.length + " tokens and a completion of "
                    + completion.length + "; both need at least one");
        }
        int[] all = Arrays.copyOf(prompt, prompt.length + completion.length); // [P + C]
        System.arraycopy(completion, 0, all, prompt.length, completion.length);
        int[] targets = Arrays.copyOfRange(all, 1, all.length); // [P + C − 1]
        Arrays.fill(targets, 0, prompt.length - 1, LabelledBatch.IGNORE);
        return new Datum(Arrays.copyOf(all, targets.length), targets, Map.of());
    }

    /** The same with a fact. */
    public Datum with(String name, float[] values) {
        Map<String, float[]> more = new HashMap<>(facts);
        more.put(name, values.clone());
        return new Datum(tokens, targets, more);
    }

    /** The same with a number for all targets. */
    public Datum with(String name, float value) {
        float[] values = new float[count()];
        Arrays.fill(values, value);
        return with(name, values);
    }

    /** Targets that count. */
    public int count() {
        return count(targets);
    }

    private static int count(int[] targets) {
        return (int) Arrays.stream(targets)
                .filter(target -> target != LabelledBatch.IGNORE)
                .count();
    }
}
