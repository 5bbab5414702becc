// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * The memory of a cache: how much there is beside what is taken and what the step under way will take. Beginnings that are only kept
 * ({@link PrefixCache}) make way for whoever wants memory.
 */
final class CacheBudget {
    private final KvCache cache;
    private final long budget; // bytes
    private final int atOnce;
    private final Optional<PrefixCache> prefixes;
    private long planned; // bytes that the step under way will take

    /** @param atOnce tokens of a prompt that are computed at a time, at most */
    CacheBudget(KvCache cache, long budget, int atOnce, Optional<PrefixCache> prefixes) {
        this.cache = cache;
        this.budget = budget;
        this.atOnce = atOnce;
        this.prefixes = prefixes;
    }

    /** Nothing is planned: a step begins, or what it planned has been taken. */
    void clearPlan() {
        planned = 0;
    }

    /** The step under way will take so much more. */
    void plan(long bytes) {
        planned += bytes;
    }

    /** Whether there is so much beside what the step takes already, without what is only kept. */
    boolean fits(long bytes) {
        return fits(() -> bytes);
    }

    /** The same of what may get less, or more, when kept beginnings go that share pages with it. */
    boolean fits(LongSupplier bytes) {
        while (cache.usedBytes() + planned + bytes.getAsLong() > budget) {
            if (!prefixes.map(PrefixCache::dropOldest).orElse(false)) {
                return false;
            }
        }
        return true;
    }

    /** Bytes that nobody has and the step will not take. */
    long room() {
        return budget - cache.usedBytes() - planned;
    }

    long used() {
        return cache.usedBytes();
    }

    long available() {
        return Math.max(0, budget - cache.usedBytes());
    }

    /** Bytes that a running sequence takes for so many tokens more. */
    long ofRunning(Sequence sequence, int more) {
        return cache.growthOf(sequence.handle(), more, 1);
    }

    /** Bytes that a prompt takes for so many tokens more, which come together. */
    long ofPiece(Prefill prefill, int count) {
        return cache.growthOf(prefill.handle(), count, count);
    }

    /** Bytes that a prompt takes until it is computed. */
    long ofRest(Prefill prefill) {
        return cache.growthOf(prefill.handle(), prefill.left(), atOnce);
    }

    /**
     * Bytes of a prompt that is not computed yet.
     *
     * @param shared tokens of it that are in the cache, kept by another
     */
    long ofPrompt(int shared, int length) {
        return cache.growth(shared, length - shared, atOnce) + (shared == 0 ? cache.bytesOf(0) : 0);
    }

    /** Bytes that a continuation behind a prompt of so many tokens has for itself when it has so many more. */
    long own(int length, int more) {
        return cache.growth(length, more, 1) + ofFork(length);
    }

    /** Bytes that a fork at so many tokens takes at once: states, and the page that it will write to. */
    long ofFork(int length) {
        return cache.bytesOf(0) + (length % KvCache.PAGE == 0 ? 0 : cache.bytesOf(KvCache.PAGE));
    }
}
