// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Segments;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;

/** A sequence of tokens in a model's cache that grows by several at a time and can go back. */
final class CachedSequence {
    private final CausalLM model;
    private final KvCache cache;
    private int handle;

    CachedSequence(CausalLM model, KvCache cache) {
        this(model, cache, cache.add());
    }

    private CachedSequence(CausalLM model, KvCache cache, int handle) {
        this.model = model;
        this.cache = cache;
        this.handle = handle;
    }

    /** Tokens that are in the cache. */
    int length() {
        return cache.length(handle);
    }

    /**
     * Hidden states of the last rows of a pass.
     *
     * @param states [N, D]
     * @param first the row of the first token that was asked about
     */
    record Rows(Var states, int first) {}

    /**
     * Computes the tokens that are not in the cache yet; all of them where the sequence outgrows its rotations.
     *
     * @param tokens all tokens of the sequence
     * @param from the first one whose state is wanted; not in the cache yet
     */
    Rows extend(int[] tokens, int from) {
        if (length() > 0 && !model.config().plan().rotatesAlike(length(), tokens.length)) {
            release();
            handle = cache.add();
        }
        int before = length();
        int[] rest = Arrays.copyOfRange(tokens, before, tokens.length);
        Var states = model.hidden(rest, Segments.of(rest.length), cache, new int[] {handle}); // [N, D]
        return new Rows(states, from - before);
    }

    /** A second sequence of the same tokens. */
    CachedSequence fork() {
        return new CachedSequence(model, cache, cache.fork(handle, length()));
    }

    /** Goes back to its first tokens; only where layers keep nothing but keys and values. */
    void cut(int length) {
        if (length < length()) {
            int shorter = cache.fork(handle, length);
            cache.release(handle);
            handle = shorter;
        }
    }

    void release() {
        cache.release(handle);
    }
}
