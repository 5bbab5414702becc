// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.metric;

import java.nio.IntBuffer;
import java.util.HashMap;
import java.util.Map;

/** Counts of the runs of n tokens of a sequence. */
final class NGrams {
    private NGrams() {}

    /** Each n-gram of {@code tokens} with how often it occurs; empty if the sequence is shorter than n. */
    static Map<IntBuffer, Integer> counts(int[] tokens, int n) {
        Map<IntBuffer, Integer> counts = new HashMap<>();
        for (int start = 0; start + n <= tokens.length; start++) {
            // An int buffer compares and hashes by content, and is a view: no copies.
            counts.merge(IntBuffer.wrap(tokens, start, n).slice(), 1, Integer::sum);
        }
        return counts;
    }
}
