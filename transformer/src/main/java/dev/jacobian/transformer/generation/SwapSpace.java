// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;

/**
 * What sequences that were set aside held in the cache, copied out of it so that they need not be computed again. Who finds no room here, or
 * no cache that can be copied, is computed again from its tokens.
 */
final class SwapSpace {
    private final KvCache cache;
    private final long budget; // bytes
    private final Map<Sequence, KvCache.Stored> stored = new HashMap<>();
    private long used;
    private long returned;

    /** @param budget bytes; 0 for none */
    SwapSpace(KvCache cache, long budget) {
        this.cache = cache;
        this.budget = cache.canStore() ? budget : 0;
    }

    /** Takes what a sequence has in the cache, if there is room. */
    void keep(Sequence sequence) {
        if (sequence.isPlaced() && used + cache.storedBytes(sequence.handle()) <= budget) {
            KvCache.Stored copy = cache.store(sequence.handle());
            stored.put(sequence, copy);
            used += copy.bytes();
        }
    }

    /** Whether a sequence is here. */
    boolean holds(Sequence sequence) {
        return stored.containsKey(sequence);
    }

    /** Bytes that a sequence which is here takes in the cache. */
    long bytes(Sequence sequence) {
        return copyOf(sequence).bytes();
    }

    private KvCache.Stored copyOf(Sequence sequence) {
        return Objects.requireNonNull(stored.get(sequence), "no copy of the sequence is here");
    }

    /** Puts a sequence that is here back into the cache. */
    void giveBack(Sequence sequence) {
        sequence.place(cache.restore(copyOf(sequence)));
        drop(sequence);
        returned++;
    }

    /** Forgets what it may have of a sequence. */
    void drop(Sequence sequence) {
        KvCache.Stored copy = stored.remove(sequence);
        used -= copy == null ? 0 : copy.bytes();
    }

    /** Forgets everything. */
    void clear() {
        stored.clear();
        used = 0;
    }

    /** How often a sequence came back from here. */
    long returned() {
        return returned;
    }
}
