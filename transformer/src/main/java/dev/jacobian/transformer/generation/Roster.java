// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.SequencedSet;
import java.util.TreeSet;

/**
 * Who is where in an {@link Engine}. Nobody is in two places, but for a request of which some samples have begun and others not.
 */
final class Roster {
    /** Requests with samples that have not begun, in the order in which they came. */
    final SequencedSet<Submission> arrivals = new LinkedHashSet<>();

    /** Sequences that lost their place in the cache, or found none. */
    final TreeSet<Sequence> setAside = new TreeSet<>(Sequence.BY_ARRIVAL);

    /** Prompts that are being computed. */
    final List<Prefill> prefills = new ArrayList<>();

    /** Sequences that get a token in every step. */
    final List<Sequence> running = new ArrayList<>();

    /** Whether nobody is left. */
    boolean isIdle() {
        return arrivals.isEmpty() && setAside.isEmpty() && prefills.isEmpty() && running.isEmpty();
    }

    /** Sequences that wait for a prompt that is being computed. */
    int prefilling() {
        return prefills.stream().mapToInt(p -> p.sequences().size()).sum();
    }

    /** Continuations that have no place. */
    int waiting() {
        return setAside.size() + arrivals.stream().mapToInt(Submission::unbegun).sum();
    }

    /** Requests with samples that have not ended, some more than once. */
    List<Submission> all() {
        List<Submission> all = new ArrayList<>(arrivals);
        setAside.forEach(s -> all.add(s.owner()));
        running.forEach(s -> all.add(s.owner()));
        prefills.forEach(p -> p.sequences().forEach(s -> all.add(s.owner())));
        return all;
    }
}
