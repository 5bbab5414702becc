// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static dev.jacobian.transformer.generation.Checks.require;

/**
 * How continuations are searched for where not one token is chosen after the other.
 *
 * @param numBeams continuations that beam search follows; 1 for no beam search
 * @param numReturnSequences continuations that are returned of each prompt
 * @param lengthPenalty a beam's score is its log-probability over its length to the power of this; above 0 favours long ones
 * @param earlyStopping when beam search ends
 * @param penaltyAlpha weight of the likeness to what is there already in contrastive search; 0 for none
 */
public record SearchConfig(
        int numBeams, int numReturnSequences, double lengthPenalty, EarlyStopping earlyStopping, double penaltyAlpha) {
    /** No search: one continuation, token by token. */
    public static final SearchConfig NONE = new SearchConfig(1, 1, 1, EarlyStopping.HEURISTIC, 0);

    /** When beam search ends for a prompt. */
    public enum EarlyStopping {
        /** As soon as there are as many finished beams as beams ({@code true}). */
        YES,
        /** When the best running beam, at its present length, is worse than every finished one ({@code false}). */
        HEURISTIC,
        /** When no running beam can become better than the finished ones, however it goes on ({@code "never"}). */
        NEVER
    }

    public SearchConfig {
        require(numBeams >= 1, "num_beams must be at least 1, got " + numBeams);
        require(numReturnSequences >= 1, "num_return_sequences must be at least 1, got " + numReturnSequences);
        require(
                numBeams == 1 || numReturnSequences <= numBeams,
                "num_return_sequences " + numReturnSequences + " is more than num_beams " + numBeams);
        require(Double.isFinite(lengthPenalty), "length_penalty must be finite, got " + lengthPenalty);
        require(penaltyAlpha >= 0 && penaltyAlpha <= 1, "penalty_alpha must lie in [0, 1], got " + penaltyAlpha);
    }

    /** Whether more than one sequence is followed for a continuation: beam search or contrastive search. */
    public boolean isAsked() {
        return beams() || penaltyAlpha > 0;
    }

    /** Whether beams are followed. */
    public boolean beams() {
        return numBeams > 1;
    }
}
