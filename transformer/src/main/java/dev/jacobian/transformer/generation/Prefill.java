// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Tokens that are being computed, in one step or several, before sequences can go on from them: a prompt for the samples of a
 * request, or all tokens of one that was set aside.
 */
final class Prefill {
    private final List<Sequence> sequences; // by arrival; all of these very tokens
    private final int[] tokens;
    private final int handle;
    private int done; // tokens that are in the cache

    /**
     * Tokens of which the first are in the cache already.
     *
     * @param handle their sequence in the cache
     */
    Prefill(List<Sequence> sequences, int[] tokens, int handle, int done) {
        this.sequences = new ArrayList<>(sequences);
        this.tokens = tokens;
        this.handle = handle;
        this.done = done;
    }

    /** Who waits for it, at least one. */
    List<Sequence> sequences() {
        return sequences;
    }

    Sequence first() {
        return sequences.getFirst();
    }

    int[] tokens() {
        return tokens;
    }

    int handle() {
        return handle;
    }

    int done() {
        return done;
    }

    int left() {
        return tokens.length - done;
    }

    void advance(int count) {
        done += count;
    }

    boolean isComplete() {
        return done == tokens.length;
    }

    /** How many tokens it begins with in common with others. */
    int common(int[] others) {
        int common = Arrays.mismatch(tokens, others);
        return common < 0 ? tokens.length : common;
    }
}
