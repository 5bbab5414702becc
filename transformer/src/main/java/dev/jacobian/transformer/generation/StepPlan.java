// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.List;

/**
 * What a step of an {@link Engine} computes.
 *
 * @param decoded sequences that get their next token
 * @param pieces of prompts that are being computed
 * @param starts samples that begin from a prompt that was computed before
 */
record StepPlan(List<Sequence> decoded, List<Piece> pieces, List<Start> starts) {
    /** Tokens of a prefill that a step computes. */
    record Piece(Prefill prefill, int count) {}

    /** Samples that begin from a prompt that was computed before. */
    record Start(HeldPrompt prompt, List<Sequence> sequences) {}

    /** Sequences that it serves. */
    int sequences() {
        return decoded.size()
                + pieces.stream().mapToInt(p -> p.prefill.sequences().size()).sum()
                + starts.stream().mapToInt(s -> s.sequences.size()).sum();
    }
}
