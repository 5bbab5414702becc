// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.generation.EngineConfig.PrefixReuse;
import dev.jacobian.transformer.generation.StepPlan.Piece;
import dev.jacobian.transformer.generation.StepPlan.Start;
import dev.jacobian.transformer.plan.DecoderPlan;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Who advances in a step: the policy of an {@link Engine}. It knows tokens and bytes, and computes nothing.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>First come, first served ({@link Admission}), and who came later makes way first ({@link Preemption}); so the one that came first
 *       always goes on, and everything ends.
 *   <li>Prompts are computed in pieces of a limited number of tokens in all ({@link Prompts}), so that those who run go on in every step.
 *   <li>Where rotations depend on a sequence's length, a sequence that outgrows its rotations is computed anew.
 * </ul>
 */
final class Scheduler {
    private final KvCache cache;
    private final DecoderPlan plan;
    private final EngineConfig config;
    private final Optional<PrefixCache> prefixes;
    private final Roster roster = new Roster();
    private final List<Start> starts = new ArrayList<>(); // of the step under way
    private final LengthForecast lengths = new LengthForecast();
    private final CacheBudget memory;
    private final SwapSpace swap;
    private final Preemption preemption;
    private final Prompts prompts;
    private final Admission admission;
    private volatile int waitingRequests;
    private long finished;

    Scheduler(KvCache cache, DecoderPlan plan, EngineConfig config, long budget, SwapSpace swap) {
        this.cache = cache;
        this.plan = plan;
        this.config = config;
        this.prefixes = config.prefixReuse() == PrefixReuse.OFF
                ? Optional.empty()
                : Optional.of(new PrefixCache(cache, plan.isRecurrent(), plan::rotatesAlike));
        this.memory = new CacheBudget(cache, budget, config.maxPrefillTokens(), prefixes);
        this.swap = swap;
        this.preemption = new Preemption(cache, roster, memory, swap, starts);
        this.prompts = new Prompts(cache, plan, roster, memory, preemption, prefixes);
        this.admission = new Admission(
                cache, plan, config.maxSequences(), roster, memory, swap, lengths, prompts, prefixes, starts);
    }

    /** Takes a request on, behind all others. */
    void add(Submission submission) {
        roster.arrivals.add(submission);
        waitingRequests = roster.arrivals.size();
    }

    /** Whether nobody is left. */
    boolean isIdle() {
        return roster.isIdle();
    }

    /** Requests with samples that have not begun. Can be asked from any thread. */
    int waitingRequests() {
        return waitingRequests;
    }

    /** Requests with samples that have not ended, some more than once. */
    List<Submission> all() {
        return roster.all();
    }

    /** Decides what the next step computes; what is said here must then be computed. */
    StepPlan next() {
        sweep();
        memory.clearPlan();
        long before = preemption.count();
        outgrown();
        List<Sequence> decoded = decoded();
        starts.clear();
        List<Piece> pieces = new ArrayList<>();
        int allowance = prompts.proceed(config.maxPrefillTokens(), pieces);
        if (preemption.count() == before) { // otherwise who was set aside would come back at once
            admission.admit(allowance, pieces);
        }
        waitingRequests = roster.arrivals.size();
        decoded.removeIf(s -> !s.isPlaced()); // set aside for the sake of a prompt
        return new StepPlan(decoded, pieces, List.copyOf(starts));
    }

    // Leaving

    /** Lets go of what was cancelled or has failed. */
    private void sweep() {
        roster.arrivals.removeIf(submission -> {
            boolean over = submission.isOver();
            while (over && submission.hasUnbegun()) {
                finished++;
                submission.finish(submission.begin(), Generation.NOTHING);
            }
            if (over) {
                preemption.drop(submission);
            }
            return over;
        });
        roster.setAside.removeIf(this::leaves);
        roster.running.removeIf(this::leaves);
        roster.prefills.removeIf(prefill -> {
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
        preemption.displace(sequence);
        end(sequence, FinishReason.CANCELLED);
        return true;
    }

    /** A sequence has ended: whoever asked is told, and its place is free. */
    void finish(Sequence sequence, FinishReason reason) {
        if (config.prefixReuse() == PrefixReuse.TURNS && sequence.isPlaced()) {
            int[] tokens = sequence.tokens();
            prefixes.orElseThrow().keep(tokens, cache.length(sequence.handle()), sequence.handle());
        }
        if (reason != FinishReason.CANCELLED) {
            lengths.ended(sequence.continuation().chosen());
        }
        roster.running.remove(sequence);
        preemption.displace(sequence);
        end(sequence, reason);
    }

    private void end(Sequence sequence, FinishReason reason) {
        finished++;
        swap.drop(sequence);
        sequence.owner().finish(sequence.sample(), sequence.continuation().finish(reason));
    }

    // Those who run

    /** Sequences that the next token would make go by other rotations are computed anew. */
    private void outgrown() {
        if (!plan.rotationsDependOnLength()) {
            return;
        }
        for (Iterator<Sequence> all = roster.running.iterator(); all.hasNext(); ) {
            Sequence sequence = all.next();
            int length = sequence.length();
            if (!plan.rotatesAlike(length - 1, length)) {
                all.remove();
                preemption.displace(sequence);
                int[] tokens = sequence.tokens();
                prompts.begin(List.of(sequence), tokens, prompts.place(tokens));
            }
        }
    }

    /** Those for whose next token there is room, if need be at the cost of those that came later. */
    private List<Sequence> decoded() {
        long growth = 0;
        for (Sequence sequence : roster.running) {
            growth += memory.ofRunning(sequence, 1);
        }
        if (memory.fits(growth)) {
            memory.plan(growth);
            return new ArrayList<>(roster.running);
        }
        for (Sequence sequence :
                roster.running.stream().sorted(Sequence.BY_ARRIVAL).toList()) {
            if (sequence.isPlaced() && !preemption.reserve(() -> memory.ofRunning(sequence, 1), sequence)) {
                preemption.setAside(sequence);
            }
        }
        return new ArrayList<>(roster.running);
    }

    // Joining

    /**
     * A prompt has been computed and each of its sequences that goes on has its next token: they get places of their own in the
     * cache.
     *
     * @param hidden makes [1, D] of the prompt's last token, which is held for samples that have not begun
     */
    void join(Prefill prefill, List<Sequence> goOn, Supplier<Tensor> hidden) {
        roster.prefills.remove(prefill);
        Submission owner = prefill.first().owner();
        int length = prefill.tokens().length;
        boolean isPrompt = length == owner.request().prefix().tokens().length;
        if (isPrompt && !plan.isRecurrent()) {
            prefixes.ifPresent(kept -> kept.keep(prefill.tokens(), length, prefill.handle()));
        }
        if (isPrompt && !owner.isOver() && owner.hasUnbegun() && owner.prompt().isEmpty()) {
            owner.hold(new HeldPrompt(prefill.handle(), hidden.get()));
            fork(prefill.handle(), goOn);
        } else if (goOn.isEmpty()) {
            cache.release(prefill.handle());
        } else {
            goOn.getFirst().place(prefill.handle());
            roster.running.add(goOn.getFirst());
            fork(prefill.handle(), goOn.subList(1, goOn.size()));
        }
    }

    /** Samples of a prompt that was held have their first token. */
    void join(Start start, List<Sequence> goOn) {
        fork(start.prompt().handle(), goOn);
        Submission owner = start.sequences().getFirst().owner();
        if (!owner.hasUnbegun()) {
            preemption.drop(owner);
        }
    }

    /** Places sequences behind a parent; those that memory is too short for are set aside. */
    private void fork(int parent, List<Sequence> sequences) {
        int length = cache.length(parent);
        memory.clearPlan(); // all of it is taken
        for (Sequence sequence : sequences) {
            if (memory.fits(memory.ofFork(length))) {
                sequence.place(cache.fork(parent, length));
                roster.running.add(sequence);
            } else {
                preemption.findNoPlace(sequence);
            }
        }
    }

    /** Forgets kept beginnings, and what was copied of those who were set aside: they were computed by other weights. */
    void forget() {
        swap.clear();
        prefixes.ifPresent(PrefixCache::clear);
        roster.arrivals.forEach(preemption::drop);
    }

    /** What is so now, as far as it is decided here. */
    EngineMetrics metrics(long steps, long busySlots, long generatedTokens, long prefilledTokens) {
        return new EngineMetrics(
                roster.running.size(),
                roster.prefilling(),
                roster.waiting(),
                config.maxSequences(),
                memory.used(),
                memory.available(),
                steps,
                busySlots,
                generatedTokens,
                prefilledTokens,
                prompts.reusedTokens(),
                prompts.lookups(),
                prompts.hits(),
                preemption.count(),
                swap.returned(),
                finished);
    }
}
