// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.tensor.KvCache;
import dev.jacobian.transformer.generation.StepPlan.Start;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Who makes way when memory is wanted: kept beginnings first ({@link CacheBudget}), then prompts that are held for further samples, then
 * whoever came last. Pages are released, and computed again from the tokens later, unless there is a {@link SwapSpace} that takes a copy.
 */
final class Preemption {
    private final KvCache cache;
    private final Roster roster;
    private final CacheBudget memory;
    private final SwapSpace swap;
    private final List<Start> starts; // of the step under way
    private long count;

    Preemption(KvCache cache, Roster roster, CacheBudget memory, SwapSpace swap, List<Start> starts) {
        this.cache = cache;
        this.roster = roster;
        this.memory = memory;
        this.swap = swap;
        this.starts = starts;
    }

    /** How often a sequence had to make way. */
    long count() {
        return count;
    }

    /** Makes room for the sake of a sequence by setting aside who came after it; whether that was enough. What there is room for is planned. */
    boolean reserve(LongSupplier bytes, Sequence who) {
        while (!memory.fits(bytes)) {
            if (!dropHeld() && !setAsideYoungerThan(who)) {
                return false;
            }
        }
        memory.plan(bytes.getAsLong());
        return true;
    }

    private boolean dropHeld() {
        for (Submission submission : roster.arrivals.reversed()) {
            Optional<HeldPrompt> prompt = submission.prompt();
            if (prompt.isPresent() && starts.stream().noneMatch(start -> start.prompt() == prompt.get())) {
                drop(submission);
                return true;
            }
        }
        return false;
    }

    /** Lets go of the prompt that is held for a request. */
    void drop(Submission submission) {
        submission.prompt().ifPresent(prompt -> {
            cache.release(prompt.handle());
            submission.letGo();
        });
    }

    private boolean setAsideYoungerThan(Sequence who) {
        Optional<Sequence> youngest = roster.running.stream().max(Sequence.BY_ARRIVAL);
        Optional<Prefill> prefill =
                roster.prefills.stream().max(Comparator.comparing(Prefill::first, Sequence.BY_ARRIVAL));
        if (prefill.isPresent()
                && isYounger(prefill.get().first(), who)
                && (youngest.isEmpty() || isYounger(prefill.get().first(), youngest.get()))) {
            roster.prefills.remove(prefill.get());
            cache.release(prefill.get().handle());
            prefill.get().sequences().forEach(this::findNoPlace);
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

    /** A sequence that runs loses its place. */
    void setAside(Sequence sequence) {
        roster.running.remove(sequence);
        swap.keep(sequence);
        displace(sequence);
        findNoPlace(sequence);
    }

    /** A sequence that has no place waits for one. */
    void findNoPlace(Sequence sequence) {
        count++;
        roster.setAside.add(sequence);
    }

    /** A sequence is in the cache no longer. */
    void displace(Sequence sequence) {
        if (sequence.isPlaced()) {
            cache.release(sequence.handle());
            sequence.displace();
        }
    }
}
