// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;

/** How much longer continuations will get: as long as those that have ended on average, or up to their limit where none has. */
final class LengthForecast {
    private long ended; // continuations that came to an end of their own
    private long tokens; // of them

    /** A continuation of so many tokens has ended. */
    void ended(int chosen) {
        ended++;
        tokens += chosen;
    }

    /** Tokens that a sequence will yet get. */
    int of(Sequence sequence) {
        int chosen = sequence.continuation().chosen();
        return of(sequence.owner().limit() - chosen, chosen);
    }

    /**
     * Tokens that a continuation will yet get.
     *
     * @param untilLimit tokens until its limit
     * @param chosen tokens that it has
     */
    int of(int untilLimit, int chosen) {
        if (ended == 0) {
            return untilLimit;
        }
        return (int) Math.min(untilLimit, Math.max(0, tokens / ended - chosen) + KvCache.PAGE);
    }
}
