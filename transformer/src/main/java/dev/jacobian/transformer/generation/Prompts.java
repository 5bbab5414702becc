// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.transformer.generation.StepPlan.Piece;
import dev.jacobian.transformer.plan.DecoderPlan;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * Prompts on their way into the cache: where they begin, and which piece of each the next step computes.
 *
 * <p>Decisions: a prompt begins behind the longest kept beginning that it has. Where rotations depend on a sequence's length, tokens that go
 * by other rotations than the whole are not computed piece by piece.
 */
final class Prompts {
    private final KvCache cache;
    private final DecoderPlan plan;
    private final Roster roster;
    private final CacheBudget memory;
    private final Preemption preemption;
    private final Optional<PrefixCache> prefixes;
    private long lookups;
    private long hits;
    private long reusedTokens;

    /** A sequence of the cache in which a prompt goes on behind the tokens that it shares. */
    record Place(int handle, int shared) {}

    Prompts(
            KvCache cache,
            DecoderPlan plan,
            Roster roster,
            CacheBudget memory,
            Preemption preemption,
            Optional<PrefixCache> prefixes) {
        this.cache = cache;
        this.plan = plan;
        this.roster = roster;
        this.memory = memory;
        this.preemption = preemption;
        this.prefixes = prefixes;
    }

    /** How often a kept beginning was looked for. */
    long lookups() {
        return lookups;
    }

    /** How often one was found. */
    long hits() {
        return hits;
    }

    /** Tokens that were found so. */
    long reusedTokens() {
        return reusedTokens;
    }

    /** Where tokens can begin. */
    Place place(int[] tokens) {
        return prefixes.flatMap(kept -> kept.find(tokens))
                .map(match -> new Place(prefixes.orElseThrow().fork(match), match.length()))
                .orElseGet(() -> new Place(cache.add(), 0));
    }

    /** Begins to compute tokens that sequences wait for. */
    Prefill begin(List<Sequence> sequences, int[] tokens, Place place) {
        lookups += prefixes.isPresent() ? 1 : 0;
        hits += place.shared > 0 ? 1 : 0;
        reusedTokens += place.shared;
        Prefill prefill = new Prefill(sequences, tokens, place.handle, place.shared);
        roster.prefills.add(prefill);
        return prefill;
    }

    /** Pieces of the prompts that are being computed; returns how many tokens of the allowance are left. */
    int proceed(int allowance, List<Piece> pieces) {
        int left = allowance;
        roster.prefills.sort(Comparator.comparing(Prefill::first, Sequence.BY_ARRIVAL));
        for (Prefill prefill : List.copyOf(roster.prefills)) {
            if (roster.prefills.contains(prefill)) { // not set aside meanwhile
                left -= piece(prefill, left, left == allowance, pieces);
            }
        }
        return left;
    }

    /** Adds a piece of a prompt, of so many tokens at most, but in any case if it is the first and cannot be divided. */
    int piece(Prefill prefill, int most, boolean first, List<Piece> pieces) {
        int piece = size(prefill, most, first);
        if (piece == 0 || !preemption.reserve(() -> memory.ofPiece(prefill, piece), prefill.first())) {
            return 0;
        }
        pieces.add(new Piece(prefill, piece));
        return Math.min(piece, most);
    }

    private int size(Prefill prefill, int most, boolean first) {
        int count = Math.min(prefill.left(), most);
        int whole = prefill.tokens().length;
        if (count < prefill.left() && !plan.rotatesAlike(prefill.done() + Math.max(1, count), whole)) {
            return first ? prefill.left() : 0;
        }
        return count;
    }
}
