// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Optional;

/**
 * A score with what led to it, for people who check a reward before they trust it.
 *
 * @param score the score
 * @param extracted what the completion was understood to answer, as text; empty if no answer was found or none is looked for
 * @param verdict a word for how it was judged, where there is more to say than a number: {@code accepted}, {@code time_limit}
 */
public record Explanation(Score score, Optional<String> extracted, Optional<String> verdict) {

    /** A score with the answer that was found. */
    public static Explanation of(Score score, Optional<String> extracted) {
        return new Explanation(score, extracted, Optional.empty());
    }
}
