// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation.processor;

import java.util.List;

/**
 * Changes the logits of the next token of one sequence: a penalty, a filter, a mask.
 *
 * <p>Decisions: a processor sees one row and the sequence that it belongs to, never the batch, so what it does cannot depend on
 * who else is generated. Most processors are pure functions of the two and can be a lambda. One that remembers something
 * (where a grammar is) is made anew for each sequence by {@link #newSequence}, hears of every chosen token in {@link #accept}
 * and is copied by {@link #fork} where a search goes on from one sequence in two ways.
 *
 * <pre>{@code
 * LogitsProcessor noSeven = (tokens, logits) -> logits[7] = Float.NEGATIVE_INFINITY;
 * }</pre>
 *
 * <p>Processors of different sequences may run on different threads at once; those of one sequence never do.
 */
@FunctionalInterface
public interface LogitsProcessor {
    /**
     * Changes a row in place. A token with a logit of −∞ is never chosen; at least one must remain.
     *
     * @param tokens the prompt and its continuation so far; not to be kept beyond the call
     * @param logits [V]
     */
    void process(TokenHistory tokens, float[] logits);

    /** What processes a sequence from its first new token on; this itself if it keeps no state. */
    default LogitsProcessor newSequence() {
        return this;
    }

    /** What processes a second continuation of the tokens accepted so far; this itself if it keeps no state. */
    default LogitsProcessor fork() {
        return this;
    }

    /**
     * Hears of the token that was chosen for the row processed last. A sequence that goes on from a pause accepts the tokens of
     * its continuation so far, one after the other and without rows, before its first row; tokens of the prompt are not accepted.
     */
    default void accept(int token) {}

    /** Processors one after the other. */
    static LogitsProcessor chain(List<LogitsProcessor> processors) {
        return processors.size() == 1 ? processors.getFirst() : new ProcessorChain(List.copyOf(processors));
    }
}
