// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.DecoderPlan;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.SequencedSet;
import java.util.TreeSet;
import java.util.function.Supplier;

/**
 * Who advances in a step: the policy of an {@link Engine}. It knows tokens and bytes, and computes nothing.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>First come, first served. What is set aside stands before what has not begun, and who came later is set aside first; so the
 *       one that came first always goes on, and everything ends.
 *   <li>A sequence begins when there is memory for what it and all others will want, if they get as long as those did that have
 *       ended, or as long as they may where none has. When more is wanted, kept beginnings go first, then prompts that are held for further
 *       samples, then sequences: their pages are released, and computed again from their tokens later.
 *   <li>Prompts are computed in pieces of a limited number of tokens in all, so that those who run go on in every step.
 *   <li>A prompt that begins like one that is being computed waits for it, and shares it then.
 *   <li>Where rotations depend on a sequence's length, tokens that go by other rotations than the whole are not computed piece by
 *       piece, and a sequence that outgrows its rotations is computed anew.
 * </ul>
 */
final class Scheduler {
    private final KvCache cache;
    private final DecoderPlan plan;
    private final EngineConfig config;
    private final long budget;
    private final Optional<PrefixCache> prefixes;
    private final boolean carriesStates;

    private final SequencedSet<Submission> arrivals = new LinkedHashSet<>(); // with samples that have not begun
    private final TreeSet<Sequence> setAside = new TreeSet<>(Sequence.BY_ARRIVAL);
    private final List<Prefill> prefills = new ArrayList<>();
    private final List<Sequence> running = new ArrayList<>();
    private final List<Start> starts = new ArrayList<>(); // of the step under way
    private long planned; // bytes that the step under way will take
    private long committed; // bytes that those who are in are expected to take later
    private long ended; // continuations that came to an end of their own
    private long endedTokens; // and their tokens
    private volatile int waitingRequests;
    private long preemptions;
    private long prefixLookups;
    private long prefixHits;
    private long reusedTokens;
    private long finished;

    /** Tokens of a prefill that a step computes. */
    record Piece(Prefill prefill, int count) {}

    /** Samples that begin from a prompt that was computed before. */
    record Start(HeldPrompt prompt, List<Sequence> sequences) {}

    /** A sequence of the cache in which a prompt goes on behind the tokens that it shares. */
    private record Place(int handle, int shared) {}

    /** What a step computes. */
    record Step(List<Sequence> decoded, List<Piece> pieces, List<Start> starts) {
        int sequences() {
            return decoded.size()
                    + pieces.stream()
                            .mapToInt(p -> p.prefill.sequences().size())
                            .sum()
                    + starts.stream().mapToInt(s -> s.sequences.size()).sum();
        }
    }

    Scheduler(KvCache cache, DecoderPlan plan, EngineConfig config, long budget) {
        this.cache = cache;
        this.plan = plan;
        this.config = config;
        this.budget = budget;
        this.carriesStates = plan.isRecurrent();
        this.prefixes = config.prefixReuse() == EngineConfig.PrefixReuse.OFF
                ? Optional.empty()
                : Optional.of(new PrefixCache(cache, carriesStates, plan::rotatesAlike));
    }

    /** Takes a request on, behind all others. */
    void add(Submission submission) {
        arrivals.add(submission);
        waitingRequests = arrivals.size();
    }

    /** Whether nobody is left. */
    boolean isIdle() {
        return arrivals.isEmpty() && setAside.isEmpty() && prefills.isEmpty() && running.isEmpty();
    }

    /** Decides what the next step computes; what is said here must then be computed. */
    Step next() {
        sweep();
        planned = 0;
        long before = preemptions;
        outgrown();
        List<Sequence> decoded = decoded();
        starts.clear();
        List<Piece> pieces = new ArrayList<>();
        int allowance = proceed(config.maxPrefillTokens(), pieces);
        if (preemptions == before) { // otherwise who was set aside would come back at once
            admit(allowance, pieces);
        }
        waitingRequests = arrivals.size();
        decoded.removeIf(s -> !s.isPlaced()); // set aside for the sake of a prompt
        return new Step(decoded, pieces, List.copyOf(starts));
    }

    // Leaving

    /** Lets go of what was cancelled or has failed. */
    private void sweep() {
        arrivals.removeIf(submission -> {
            boolean over = submission.isOver();
            while (over && submission.hasUnbegun()) {
                finished++;
                submission.finish(submission.begin(), Generation.NOTHING);
            }
            if (over) {
                drop(submission);
            }
            return over;
        });
        setAside.removeIf(this::leaves);
        running.removeIf(this::leaves);
        prefills.removeIf(prefill -> {
            prefill.sequences().removeIf(this::leaves);
            if (prefill.sequences().isEmpty()) {
                cache.release(prefill.handle());
            }
            return prefill.sequences().isEmpty();
        });
    }

    private boolean leaves(Sequence sequence) {
        if (!sequence.owner().isOver()) {
            return false;
        }
        displace(sequence);
        end(sequence, FinishReason.CANCELLED);
        return true;
    }

    /** A sequence has ended: whoever asked is told, and its place is free. */
    void finish(Sequence sequence, FinishReason reason) {
        if (config.prefixReuse() == EngineConfig.PrefixReuse.TURNS && sequence.isPlaced()) {
            int[] tokens = sequence.tokens();
            prefixes.orElseThrow().keep(tokens, cache.length(sequence.handle()), sequence.handle());
        }
        if (reason != FinishReason.CANCELLED) {
            ended++;
            endedTokens += sequence.continuation().chosen();
        }
        running.remove(sequence);
        displace(sequence);
        end(sequence, reason);
    }

    private void end(Sequence sequence, FinishReason reason) {
        finished++;
        sequence.owner().finish(sequence.sample(), sequence.continuation().finish(reason));
    }

    private void displace(Sequence sequence) {
        if (sequence.isPlaced()) {
            cache.release(sequence.handle());
            sequence.displace();
        }
    }

    /** Requests with samples that have not begun. Can be asked from any thread. */
    int waitingRequests() {
        return waitingRequests;
    }

    /** Requests with samples that have not ended, some more than once. */
    List<Submission> all() {
        List<Submission> all = new ArrayList<>(arrivals);
        setAside.forEach(s -> all.add(s.owner()));
        running.forEach(s -> all.add(s.owner()));
        prefills.forEach(p -> p.sequences().forEach(s -> all.add(s.owner())));
        return all;
    }

    // Those who run

    /** Sequences that the next token would make go by other rotations are computed anew. */
    private void outgrown() {
        if (!plan.rotationsDependOnLength()) {
            return;
        }
        for (Iterator<Sequence> all = running.iterator(); all.hasNext(); ) {
            Sequence sequence = all.next();
            int length = sequence.length();
            if (!plan.rotatesAlike(length - 1, length)) {
                all.remove();
                displace(sequence);
                int[] tokens = sequence.tokens();
                begin(List.of(sequence), tokens, place(tokens));
            }
        }
    }

    private List<Sequence> decoded() {
        long growth = 0;
        for (Sequence sequence : running) {
            growth += growth(cache.length(sequence.handle()), 1);
        }
        if (fits(growth)) {
            planned += growth;
            return new ArrayList<>(running);
        }
        for (Sequence sequence : running.stream().sorted(Sequence.BY_ARRIVAL).toList()) {
            if (sequence.isPlaced() && !reserve(growth(cache.length(sequence.handle()), 1), sequence)) {
                setAside(sequence);
            }
        }
        return new ArrayList<>(running);
    }

    /** Pieces of the prompts that are being computed; returns how many tokens of the allowance are left. */
    private int proceed(int allowance, List<Piece> pieces) {
        int left = allowance;
        prefills.sort(Comparator.comparing(Prefill::first, Sequence.BY_ARRIVAL));
        for (Prefill prefill : List.copyOf(prefills)) {
            if (prefills.contains(prefill)) { // not set aside meanwhile
                left -= piece(prefill, left, left == allowance, pieces);
            }
        }
        return left;
    }

    /** Adds a piece of a prompt, of so many tokens at most, but in any case if it is the first and cannot be divided. */
    private int piece(Prefill prefill, int most, boolean first, List<Piece> pieces) {
        int count = Math.min(prefill.left(), most);
        int whole = prefill.tokens().length;
        if (count < prefill.left() && !plan.rotatesAlike(prefill.done() + Math.max(1, count), whole)) {
            count = first ? prefill.left() : 0;
        }
        if (count == 0 || !reserve(growth(prefill.done(), count), prefill.first())) {
            return 0;
        }
        pieces.add(new Piece(prefill, count));
        return Math.min(count, most);
    }

    // Those who wait

    private void admit(int allowance, List<Piece> pieces) {
        commit();
        int left = allowance;
        int places = config.maxSequences() - running.size();
        places -= prefills.stream().mapToInt(p -> p.sequences().size()).sum();
        while (places > 0 && left > 0 && !setAside.isEmpty()) {
            List<Sequence> alike = firstAlike(places);
            int[] tokens = alike.getFirst().tokens();
            if (waitsForOther(tokens)) {
                return;
            }
            Place place = place(tokens);
            int fitting = fitting(tokens.length, place.shared, expected(alike.getFirst()), alike.size());
            if (fitting == 0) {
                cache.release(place.handle);
                return;
            }
            List<Sequence> back = List.copyOf(alike.subList(0, fitting));
            back.forEach(setAside::remove);
            left -= piece(begin(back, tokens, place), left, left == allowance, pieces);
            places -= fitting;
        }
        if (!setAside.isEmpty()) {
            return;
        }
        for (Iterator<Submission> all = arrivals.iterator(); all.hasNext() && places > 0 && left > 0; ) {
            Submission submission = all.next();
            int[] tokens = submission.request().prefix().tokens();
            Optional<HeldPrompt> held = submission.prompt();
            if (held.isEmpty() && waitsForOther(tokens)) {
                places--; // kept for it: who comes after it is not to take all of them
                continue;
            }
            Place place = held.map(prompt -> new Place(prompt.handle(), tokens.length))
                    .orElseGet(() -> place(tokens));
            int fitting = fitting(
                    tokens.length,
                    place.shared,
                    expected(submission.limit(), 0),
                    Math.min(places, submission.unbegun()));
            List<Sequence> sequences = begin(submission, fitting);
            if (sequences.isEmpty() && held.isEmpty()) {
                cache.release(place.handle);
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
                left -= piece(begin(sequences, tokens, place), left, left == allowance, pieces);
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
        Sequence first = setAside.getFirst();
        return setAside.stream()
                .filter(s -> s == first || (!first.hasBegun() && !s.hasBegun() && s.owner() == first.owner()))
                .limit(most)
                .toList();
    }

    /** Whether another prompt that is being computed begins with a page that this one has and nobody keeps yet. */
    private boolean waitsForOther(int[] tokens) {
        if (prefixes.isEmpty() || carriesStates) {
            return false;
        }
        int common = prefills.stream()
                .filter(p -> plan.rotatesAlike(p.tokens().length, tokens.length))
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
        for (Sequence sequence : running) {
            committed += growth(cache.length(sequence.handle()), 1 + expected(sequence));
        }
        for (Prefill prefill : prefills) {
            committed += growth(prefill.done(), prefill.left());
            committed += prefill.sequences().size() * own(prefill.tokens().length, expected(prefill.first()));
        }
    }

    /**
     * How many sequences of one prompt fit beside what others will want; at least one where nobody is in.
     *
     * @param shared tokens of the prompt that are in the cache
     * @param more tokens by which each is expected to grow
     */
    private int fitting(int length, int shared, int more, int most) {
        long prompt = shared == length ? 0 : growth(shared, length - shared);
        long each = own(length, more);
        int fitting = 0;
        if (fits(committed + prompt + each)) {
            long room = budget - cache.usedBytes() - planned - committed - prompt;
            fitting = Math.clamp(room / Math.max(1, each), 1, most);
        } else if (running.isEmpty() && prefills.isEmpty()) {
            fitting = 1;
        }
        committed += fitting == 0 ? 0 : prompt + fitting * each;
        return fitting;
    }

    /** Bytes that a continuation of so many tokens has for itself when it has grown. */
    private long own(int length, int more) {
        return growth(length, more) + cache.bytesOf(0) + (length % KvCache.PAGE == 0 ? 0 : growth(0, KvCache.PAGE));
    }

    private int expected(Sequence sequence) {
        int chosen = sequence.continuation().chosen();
        return expected(sequence.owner().limit() - chosen, chosen);
    }

    /** Tokens that a continuation will yet get: until its limit before any has ended, then as many as they have got on average. */
    private int expected(int untilLimit, int chosen) {
        if (ended == 0) {
            return untilLimit;
        }
        return (int) Math.min(untilLimit, Math.max(0, endedTokens / ended - chosen) + KvCache.PAGE);
    }

    private Place place(int[] tokens) {
        return prefixes.flatMap(kept -> kept.find(tokens))
                .map(match -> new Place(prefixes.orElseThrow().fork(match), match.length()))
                .orElseGet(() -> new Place(cache.add(), 0));
    }

    private Prefill begin(List<Sequence> sequences, int[] tokens, Place place) {
        prefixLookups += prefixes.isPresent() ? 1 : 0;
        prefixHits += place.shared > 0 ? 1 : 0;
        reusedTokens += place.shared;
        Prefill prefill = new Prefill(sequences, tokens, place.handle, place.shared);
        prefills.add(prefill);
        return prefill;
    }

    // Joining

    /**
     * A prompt has been computed and each of its sequences that goes on has its next token: they get places of their own in the
     * cache.
     *
     * @param hidden makes [1, D] of the prompt's last token, which is held for samples that have not begun
     */
    void join(Prefill prefill, List<Sequence> goOn, Supplier<Tensor> hidden) {
        prefills.remove(prefill);
        Submission owner = prefill.first().owner();
        int length = prefill.tokens().length;
        boolean isPrompt = length == owner.request().prefix().tokens().length;
        if (isPrompt && !carriesStates) {
            prefixes.ifPresent(kept -> kept.keep(prefill.tokens(), length, prefill.handle()));
        }
        if (isPrompt && !owner.isOver() && owner.hasUnbegun() && owner.prompt().isEmpty()) {
            owner.hold(new HeldPrompt(prefill.handle(), hidden.get()));
            fork(prefill.handle(), goOn);
        } else if (goOn.isEmpty()) {
            cache.release(prefill.handle());
        } else {
            goOn.getFirst().place(prefill.handle());
            running.add(goOn.getFirst());
            fork(prefill.handle(), goOn.subList(1, goOn.size()));
        }
    }

    /** Samples of a prompt that was held have their first token. */
    void join(Start start, List<Sequence> goOn) {
        fork(start.prompt.handle(), goOn);
        Submission owner = start.sequences.getFirst().owner();
        if (!owner.hasUnbegun()) {
            drop(owner);
        }
    }

    /** Places sequences behind a parent; those that memory is too short for are set aside. */
    private void fork(int parent, List<Sequence> sequences) {
        int length = cache.length(parent);
        planned = 0; // all of it is taken
        long copied = length % KvCache.PAGE == 0 ? 0 : growth(0, KvCache.PAGE);
        for (Sequence sequence : sequences) {
            if (fits(copied + cache.bytesOf(0))) {
                sequence.place(cache.fork(parent, length));
                running.add(sequence);
            } else {
                preemptions++;
                setAside.add(sequence);
            }
        }
    }

    /** What is so now, as far as it is decided here. */
    EngineMetrics metrics(long steps, long busySlots, long generatedTokens, long prefilledTokens) {
        int prefilling = prefills.stream().mapToInt(p -> p.sequences().size()).sum();
        int waiting = setAside.size()
                + arrivals.stream().mapToInt(Submission::unbegun).sum();
        long used = cache.usedBytes();
        return new EngineMetrics(
                running.size(),
                prefilling,
                waiting,
                config.maxSequences(),
                used,
                Math.max(0, budget - used),
                steps,
                busySlots,
                generatedTokens,
                prefilledTokens,
                reusedTokens,
                prefixLookups,
                prefixHits,
                preemptions,
                finished);
    }

    // Memory

    /** Bytes by which a sequence of so many tokens grows with so many more. */
    private long growth(int tokens, int more) {
        return cache.bytesOf(tokens + more) - (tokens == 0 ? 0 : cache.bytesOf(tokens));
    }

    /** Whether there is so much beside what the step takes already, without what is only kept. */
    private boolean fits(long bytes) {
        while (cache.usedBytes() + planned + bytes > budget) {
            if (!prefixes.map(PrefixCache::dropOldest).orElse(false)) {
                return false;
            }
        }
        return true;
    }

    /** Makes room for the sake of a sequence by setting aside who came after it; whether that was enough. */
    private boolean reserve(long bytes, Sequence who) {
        while (!fits(bytes)) {
            if (!dropHeld() && !setAsideYoungerThan(who)) {
                return false;
            }
        }
        planned += bytes;
        return true;
    }

    private boolean dropHeld() {
        for (Submission submission : arrivals.reversed()) {
            Optional<HeldPrompt> prompt = submission.prompt();
            if (prompt.isPresent() && starts.stream().noneMatch(start -> start.prompt == prompt.get())) {
                drop(submission);
                return true;
            }
        }
        return false;
    }

    private void drop(Submission submission) {
        submission.prompt().ifPresent(prompt -> {
            cache.release(prompt.handle());
            submission.letGo();
        });
    }

    private boolean setAsideYoungerThan(Sequence who) {
        Optional<Sequence> youngest = running.stream().max(Sequence.BY_ARRIVAL);
        Optional<Prefill> prefill = prefills.stream().max(Comparator.comparing(Prefill::first, Sequence.BY_ARRIVAL));
        if (prefill.isPresent()
                && isYounger(prefill.get().first(), who)
                && (youngest.isEmpty() || isYounger(prefill.get().first(), youngest.get()))) {
            prefills.remove(prefill.get());
            cache.release(prefill.get().handle());
            preemptions += prefill.get().sequences().size();
            setAside.addAll(prefill.get().sequences());
            return true;
        }
        if (youngest.isEmpty() || !isYounger(youngest.get(), who)) {
            return false;
        }
        setAside(youngest.get());
        return true;
    }

    private static boolean isYounger(Sequence sequence, Sequence who) {
        return Sequence.BY_ARRIVAL.compare(sequence, who) > 0;
    }

    private void setAside(Sequence sequence) {
        running.remove(sequence);
        displace(sequence);
        preemptions++;
        setAside.add(sequence);
    }

    /** Forgets kept beginnings: they were computed by other weights. */
    void forget() {
        prefixes.ifPresent(PrefixCache::clear);
        arrivals.forEach(this::drop);
    }
}
