// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.transformer.generation.Prompts.Place;
import dev.jacobian.transformer.generation.StepPlan.Piece;
import dev.jacobian.transformer.generation.StepPlan.Start;
import dev.jacobian.transformer.plan.DecoderPlan;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;

/**
 * Who begins.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>First come, first served; what was set aside stands before what has not begun.
 *   <li>A sequence begins when there is memory for what it and all others are expected to want ({@link LengthForecast}); one begins in any
 *       case where nobody is in.
 *   <li>A sequence whose keys and values were copied out of the cache runs again as soon as they are back; it computes nothing anew.
 *   <li>A prompt that begins like one that is being computed waits for it, and shares it then.
 * </ul>
 */
final class Admission {
    private final KvCache cache;
    private final DecoderPlan plan;
    private final int maxSequences;
    private final Roster roster;
    private final CacheBudget memory;
    private final SwapSpace swap;
    private final LengthForecast lengths;
    private final Prompts prompts;
    private final Optional<PrefixCache> prefixes;
    private final List<Start> starts; // of the step under way
    private long committed; // bytes that those who are in are expected to take later

    Admission(
            KvCache cache,
            DecoderPlan plan,
            int maxSequences,
            Roster roster,
            CacheBudget memory,
            SwapSpace swap,
            LengthForecast lengths,
            Prompts prompts,
            Optional<PrefixCache> prefixes,
            List<Start> starts) {
        this.cache = cache;
        this.plan = plan;
        this.maxSequences = maxSequences;
        this.roster = roster;
        this.memory = memory;
        this.swap = swap;
        this.lengths = lengths;
        this.prompts = prompts;
        this.prefixes = prefixes;
        this.starts = starts;
    }

    /** Lets in as many as there are places, memory and tokens of the allowance for. */
    void admit(int allowance, List<Piece> pieces) {
        commit();
        int places = maxSequences - roster.running.size() - roster.prefilling();
        int left = allowance;
        while (places > 0 && left > 0 && !roster.setAside.isEmpty()) {
            Sequence first = roster.setAside.getFirst();
            if (swap.holds(first)) {
                if (!returns(first)) {
                    return;
                }
                places--;
                continue;
            }
            List<Sequence> alike = firstAlike(places);
            int[] tokens = alike.getFirst().tokens();
            if (waitsForOther(tokens)) {
                return;
            }
            Place place = prompts.place(tokens);
            int fitting = fitting(tokens.length, place.shared(), lengths.of(alike.getFirst()), alike.size());
            if (fitting == 0) {
                cache.release(place.handle());
                return;
            }
            List<Sequence> back = List.copyOf(alike.subList(0, fitting));
            back.forEach(roster.setAside::remove);
            left -= prompts.piece(prompts.begin(back, tokens, place), left, left == allowance, pieces);
            places -= fitting;
        }
        if (roster.setAside.isEmpty()) {
            admitArrivals(places, left, allowance, pieces);
        }
    }

    /** Puts a sequence back into the cache, to run from the next step on; whether that, or computing it again, may go on. */
    private boolean returns(Sequence sequence) {
        long growth = memory.own(sequence.length(), 1 + lengths.of(sequence));
        boolean isAlone = roster.running.isEmpty() && roster.prefills.isEmpty();
        if (!memory.fits(committed + swap.bytes(sequence) + growth) && !isAlone) {
            return false;
        }
        if (memory.fits(swap.bytes(sequence))) {
            roster.setAside.remove(sequence);
            swap.giveBack(sequence);
            roster.running.add(sequence);
            committed += memory.ofRunning(sequence, 1 + lengths.of(sequence));
            return true;
        }
        swap.drop(sequence);
        return false;
    }

    private void admitArrivals(int freePlaces, int leftTokens, int allowance, List<Piece> pieces) {
        int places = freePlaces;
        int left = leftTokens;
        for (Iterator<Submission> all = roster.arrivals.iterator(); all.hasNext() && places > 0 && left > 0; ) {
            Submission submission = all.next();
            int[] tokens = submission.request().prefix().tokens();
            Optional<HeldPrompt> held = submission.prompt();
            if (held.isEmpty() && waitsForOther(tokens)) {
                places--; // kept for it: who comes after it is not to take all of them
                continue;
            }
            Place place = held.map(prompt -> new Place(prompt.handle(), tokens.length))
                    .orElseGet(() -> prompts.place(tokens));
            int fitting = fitting(
                    tokens.length,
                    place.shared(),
                    lengths.of(submission.limit(), 0),
                    Math.min(places, submission.unbegun()));
            List<Sequence> sequences = begin(submission, fitting);
            if (sequences.isEmpty() && held.isEmpty()) {
                cache.release(place.handle());
            }
            if (fitting == 0) {
                return;
            }
            places -= sequences.size();
            if (!submission.hasUnbegun()) {
                all.remove();
            }
            if (held.isPresent()) {
                starts.add(new Start(held.get(), sequences));
            } else if (!sequences.isEmpty()) {
                left -= prompts.piece(prompts.begin(sequences, tokens, place), left, left == allowance, pieces);
            }
        }
    }

    /** The next samples of a request; what a processor throws that is to be made for one is the request's failure. */
    private static List<Sequence> begin(Submission submission, int count) {
        List<Sequence> sequences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int sample = submission.begin();
            try {
                sequences.add(new Sequence(submission, sample));
            } catch (RuntimeException broken) {
                submission.fail(broken);
            }
        }
        return sequences;
    }

    /** The first of those set aside, and the samples of its prompt that have no token yet either. */
    private List<Sequence> firstAlike(int most) {
        Sequence first = roster.setAside.getFirst();
        return roster.setAside.stream()
                .filter(s -> s == first || (!first.hasBegun() && !s.hasBegun() && s.owner() == first.owner()))
                .limit(most)
                .toList();
    }

    /** Whether another prompt that is being computed begins with a page that this one has and nobody keeps yet. */
    private boolean waitsForOther(int[] tokens) {
        if (prefixes.isEmpty() || plan.isRecurrent()) {
            return false;
        }
        int common = roster.prefills.stream()
                .filter(p -> plan.rotatesAlike(p.tokens().length, tokens.length))
                .filter(p -> p.common(tokens) >= cache.shortestFork(p.handle()))
                .mapToInt(p -> Math.min(p.common(tokens), tokens.length - 1))
                .max()
                .orElse(0);
        int pages = common / KvCache.PAGE;
        return pages > 0
                && plan.rotatesAlike(pages * KvCache.PAGE, tokens.length)
                && prefixes.get().find(tokens).map(PrefixCache.Match::length).orElse(0) < pages * KvCache.PAGE;
    }

    /** Adds up what those who are in will yet want, as far as it can be expected. */
    private void commit() {
        committed = 0;
        for (Sequence sequence : roster.running) {
            committed += memory.ofRunning(sequence, 1 + lengths.of(sequence));
        }
        for (Prefill prefill : roster.prefills) {
            committed += memory.ofRest(prefill);
            committed += prefill.sequences().size() * memory.own(prefill.tokens().length, lengths.of(prefill.first()));
        }
    }

    /**
     * How many sequences of one prompt fit beside what others will want; at least one where nobody is in.
     *
     * @param shared tokens of the prompt that are in the cache
     * @param more tokens by which each is expected to grow
     */
    private int fitting(int length, int shared, int more, int most) {
        long prompt = shared == length ? 0 : memory.ofPrompt(shared, length);
        long each = memory.own(length, more);
        int fitting = 0;
        if (memory.fits(committed + prompt + each)) {
            fitting = Math.clamp((memory.room() - committed - prompt) / Math.max(1, each), 1, most);
        } else if (roster.running.isEmpty() && roster.prefills.isEmpty()) {
            fitting = 1;
        }
        committed += fitting == 0 ? 0 : prompt + fitting * each;
        return fitting;
    }
}
