// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedSet;

/**
 * Beginnings that later prompts may share: sequences that stay in the cache after those that needed them.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>What is kept is found by a hash of the tokens up to each full page, and taken only after the tokens themselves were
 *       compared: two beginnings with one hash cost time, not correctness.
 *   <li>Pages are shared whole. A cache with carried states shares nothing but whole sequences, because a state does not go
 *       back ({@link KvCache#fork}). Where layers keep a window, a beginning is shared as far as its last pages reach back: a
 *       conversation that goes on, always; a shorter part of a prompt, where that was computed in one piece.
 *   <li>The least recently used goes first when memory is wanted. What continues a kept beginning takes its place; pages that
 *       both have stay.
 *   <li>At least one token of a prompt is left to compute: its hidden state is what the first token is chosen from.
 * </ul>
 */
final class PrefixCache {
    private static final SequencedSet<Kept> NOTHING = Collections.unmodifiableSequencedSet(new LinkedHashSet<>());

    private final KvCache cache;
    private final boolean carriesStates;
    private final Alike alike;
    private final SequencedSet<Kept> byUse = new LinkedHashSet<>(); // the least recently used first
    private final Map<Long, SequencedSet<Kept>> byHash = new HashMap<>();

    PrefixCache(KvCache cache, boolean carriesStates, Alike alike) {
        this.cache = cache;
        this.carriesStates = carriesStates;
        this.alike = alike;
    }

    /** A kept beginning; equal to itself alone. */
    static final class Kept {
        private final int[] tokens;
        private final int handle;
        private final int computedAs; // length of the sequence that it is of, which rotations may depend on

        Kept(int[] tokens, int handle, int computedAs) {
            this.tokens = tokens;
            this.handle = handle;
            this.computedAs = computedAs;
        }

        private boolean beginsWith(int[] others, int length) {
            return tokens.length >= length && Arrays.equals(tokens, 0, length, others, 0, length);
        }
    }

    /** Whether tokens computed in a sequence of one length are those of a sequence of another. */
    interface Alike {
        boolean test(int length, int otherLength);
    }

    /** A kept beginning, and how many of its tokens another sequence begins with. */
    record Match(Kept kept, int length) {}

    /** The longest kept beginning of these tokens that is shorter than they are. */
    Optional<Match> find(int[] tokens) {
        long[] hashes = hashes(tokens, tokens.length);
        for (int pages = hashes.length - 1; pages >= 0; pages--) {
            for (Kept kept : byHash.getOrDefault(hashes[pages], NOTHING).reversed()) {
                int length = carriesStates ? kept.tokens.length : pages * KvCache.PAGE;
                if (length < tokens.length
                        && length >= cache.shortestFork(kept.handle)
                        && kept.beginsWith(tokens, length)
                        && alike.test(length, tokens.length)
                        && alike.test(kept.computedAs, tokens.length)) {
                    return Optional.of(new Match(kept, length));
                }
            }
        }
        return Optional.empty();
    }

    /** A sequence of the cache that begins so. */
    int fork(Match match) {
        byUse.remove(match.kept);
        byUse.add(match.kept);
        return cache.fork(match.kept.handle, match.length);
    }

    /**
     * Keeps the beginning of a sequence of the cache, which stays the caller's.
     *
     * @param tokens of which the first {@code length} are in the cache
     */
    void keep(int[] tokens, int length, int handle) {
        int kept = carriesStates ? length : length / KvCache.PAGE * KvCache.PAGE;
        if (kept == 0) {
            return;
        }
        long[] hashes = hashes(tokens, kept);
        if (isCovered(tokens, kept, length, hashes)) {
            return;
        }
        Kept added = new Kept(Arrays.copyOf(tokens, kept), cache.fork(handle, kept), length);
        dropBeginningsOf(added, hashes);
        for (int pages = first(hashes); pages < hashes.length; pages++) {
            byHash.computeIfAbsent(hashes[pages], hash -> new LinkedHashSet<>()).add(added);
        }
        byUse.add(added);
    }

    /** Where a beginning is found: after each of its pages; one with states at its end alone. */
    private int first(long[] hashes) {
        return carriesStates ? hashes.length - 1 : 1;
    }

    private boolean isCovered(int[] tokens, int length, int computedAs, long[] hashes) {
        return byHash.getOrDefault(hashes[hashes.length - 1], NOTHING).stream()
                .anyMatch(other -> other.beginsWith(tokens, length)
                        && length >= cache.shortestFork(other.handle)
                        && (!carriesStates || other.tokens.length == length)
                        && alike.test(other.computedAs, computedAs));
    }

    private void dropBeginningsOf(Kept longer, long[] hashes) {
        if (carriesStates) {
            return; // a state is no part of a later one
        }
        for (int pages = 1; pages < hashes.length; pages++) {
            int length = pages * KvCache.PAGE;
            byHash.getOrDefault(hashes[pages], NOTHING).stream()
                    .filter(other -> other.tokens.length == length
                            && length >= cache.shortestFork(longer.handle)
                            && longer.beginsWith(other.tokens, length)
                            && alike.test(other.computedAs, longer.computedAs))
                    .toList()
                    .forEach(this::drop);
        }
    }

    /** Releases the least recently used; whether there was one. */
    boolean dropOldest() {
        if (byUse.isEmpty()) {
            return false;
        }
        drop(byUse.getFirst());
        return true;
    }

    /** Releases everything. */
    void clear() {
        while (dropOldest()) {
            // one after the other
        }
    }

    private void drop(Kept kept) {
        long[] hashes = hashes(kept.tokens, kept.tokens.length);
        for (int pages = first(hashes); pages < hashes.length; pages++) {
            byHash.computeIfPresent(hashes[pages], (hash, found) -> {
                found.remove(kept);
                return found.isEmpty() ? null : found;
            });
        }
        byUse.remove(kept);
        cache.release(kept.handle);
    }

    /** Of no token, and of the tokens up to the end of each full page. */
    private static long[] hashes(int[] tokens, int length) {
        long[] hashes = new long[length / KvCache.PAGE + 1];
        long hash = 1;
        for (int i = 0; i < length / KvCache.PAGE * KvCache.PAGE; i++) {
            hash = (hash ^ tokens[i]) * 0x9E3779B97F4A7C15L;
            hash ^= hash >>> 29;
            if ((i + 1) % KvCache.PAGE == 0) {
                hashes[(i + 1) / KvCache.PAGE] = hash;
            }
        }
        return hashes;
    }
}
