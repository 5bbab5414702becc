// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math;

import java.util.Optional;

/**
 * What was found when an answer was checked.
 *
 * @param outcome the judgement
 * @param extracted the answer as it was understood; empty if there is none
 */
public record MathVerdict(Outcome outcome, Optional<String> extracted) {

    /** How an answer was judged. */
    public enum Outcome {
        RIGHT,
        WRONG,
        /** The completion commits itself to no answer. */
        NO_ANSWER,
        /** The reference is empty: nothing can be said about any answer. */
        NO_REFERENCE,
        /** Checking would take more work than is allowed; no answer that a person would write does. */
        TOO_MUCH_WORK
    }

    /** Whether the answer is right. */
    public boolean isRight() {
        return outcome == Outcome.RIGHT;
    }
}
