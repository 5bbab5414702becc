// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.transformer.generation.Generation;
import dev.jacobian.transformer.generation.GenerationRequest;
import dev.jacobian.transformer.generation.Prefix;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;

/**
 * What is sampled at once, in items, and who has which of them.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>An item is a request, or a few samples of one where there are few requests: a worker computes its prompt once.
 *   <li>Items go to who asks for some, as many as its part of the workers' speed. What a lost worker had goes back, and to the next who
 *       asks. When nothing is left, who is idle does items again that another has had for long.
 *   <li>The first result of a sample is taken, all others are counted and dropped; they have the same bits.
 * </ul>
 *
 * @see Workers
 */
final class Wave {
    /** Items that a worker should have to choose from. */
    private static final int ITEMS_EACH = 4;

    private final long number;
    private final Publication publication;
    private final ObjectNode generation;
    private final List<GenerationRequest> requests;
    private final List<Entry> entries = new ArrayList<>();
    private final Queue<Delivery> results = new ArrayDeque<>();
    private int left;
    private long dropped;
    private long reassigned;

    /** An item, who has it, and what has come of it. */
    private static final class Entry {
        final WorkWire.Item item;
        final int request;
        final int first; // sample of the request
        final BitSet done = new BitSet();
        final Set<Object> holders = new HashSet<>();
        long begun;

        Entry(WorkWire.Item item, int request, int first) {
            this.item = item;
            this.request = request;
            this.first = first;
        }

        boolean isDone() {
            return done.cardinality() == item.samples();
        }
    }

    /** A sample of a request. */
    record Delivery(GenerationRequest request, int sample, Generation generation) {}

    /**
     * A wave.
     *
     * @param number greater than those of the waves before; the next one is left free, to end this one
     * @param workers who may have a part
     */
    Wave(long number, Publication publication, ObjectNode generation, List<GenerationRequest> requests, int workers) {
        this.number = number;
        this.publication = publication;
        this.generation = generation;
        this.requests = requests;
        int parts = Math.max(1, (ITEMS_EACH * workers + requests.size() - 1) / requests.size());
        for (int r = 0; r < requests.size(); r++) {
            GenerationRequest request = requests.get(r);
            int each = workers < 2 ? request.samples() : Math.max(1, (request.samples() + parts - 1) / parts);
            for (int first = 0; first < request.samples(); first += each) {
                Prefix prefix = request.prefix();
                Prefix own = new Prefix(prefix.tokens(), prefix.key(), prefix.sample() + first, prefix.continued());
                int samples = Math.min(each, request.samples() - first);
                entries.add(new Entry(new WorkWire.Item(entries.size(), own, samples, request.pauseAfter()), r, first));
                left += samples;
            }
        }
    }

    long number() {
        return number;
    }

    Publication publication() {
        return publication;
    }

    ObjectNode generation() {
        return generation;
    }

    synchronized boolean isOver() {
        return left == 0;
    }

    synchronized long dropped() {
        return dropped;
    }

    synchronized long reassigned() {
        return reassigned;
    }

    /**
     * Items for who has none.
     *
     * @param share its part of what all do, in (0, 1]
     * @param patienceNanos how long another may have an item before it is done again
     */
    synchronized List<WorkWire.Item> take(Object holder, double share, long patienceNanos) {
        List<Entry> free = entries.stream()
                .filter(entry -> !entry.isDone() && entry.holders.isEmpty())
                .toList();
        int most = Math.max(1, (int) Math.ceil(share * entries.size()));
        List<Entry> chosen = free.subList(0, Math.min(most, free.size()));
        long now = System.nanoTime();
        if (chosen.isEmpty()) {
            List<Entry> late = entries.stream()
                    .filter(entry -> !entry.isDone()
                            && !entry.holders.contains(holder)
                            && entry.holders.size() == 1
                            && now - entry.begun > patienceNanos)
                    .toList();
            chosen = late.subList(
                    late.size() / 2, late.size()); // the later half: the other is likely to reach the first
            reassigned +=
                    chosen.stream().mapToInt(entry -> entry.item.samples()).sum();
        }
        for (Entry entry : chosen) {
            entry.holders.add(holder);
            entry.begun = now;
        }
        return chosen.stream().map(entry -> entry.item).toList();
    }

    /** Whether somebody has items that are not done. */
    synchronized boolean has(Object holder) {
        return entries.stream().anyMatch(entry -> !entry.isDone() && entry.holders.contains(holder));
    }

    /** Somebody is lost; how many samples that it had are free again. */
    synchronized int giveBack(Object holder) {
        int samples = 0;
        for (Entry entry : entries) {
            if (entry.holders.remove(holder) && !entry.isDone() && entry.holders.isEmpty()) {
                samples += entry.item.samples() - entry.done.cardinality();
            }
        }
        reassigned += samples;
        notifyAll();
        return samples;
    }

    /** Takes a result; whether it was the first of its sample. */
    synchronized boolean accept(WorkWire.Done result) {
        if (result.item() < 0 || result.item() >= entries.size()) {
            return false;
        }
        Entry entry = entries.get(result.item());
        if (result.sample() < 0 || result.sample() >= entry.item.samples()) {
            return false;
        }
        if (entry.done.get(result.sample())) {
            dropped++;
            return false;
        }
        entry.done.set(result.sample());
        left--;
        results.add(new Delivery(requests.get(entry.request), entry.first + result.sample(), result.generation()));
        notifyAll();
        return true;
    }

    /** The next result; null if none came within a while. */
    synchronized @Nullable Delivery next(long millis) throws InterruptedException {
        long end = System.nanoTime() + millis * 1_000_000;
        while (results.isEmpty() && left > 0) {
            long rest = (end - System.nanoTime()) / 1_000_000;
            if (rest <= 0) {
                break;
            }
            wait(rest);
        }
        return results.poll();
    }

    /** Waits until somebody's items are free again or all is done, or a while has gone by. */
    synchronized void await(long millis) throws InterruptedException {
        long end = System.nanoTime() + millis * 1_000_000;
        long before = reassigned;
        while (left > 0 && reassigned == before) {
            long rest = (end - System.nanoTime()) / 1_000_000;
            if (rest <= 0) {
                return;
            }
            wait(rest);
        }
    }

    /** What is asked for, of an item. */
    GenerationRequest request(WorkWire.Item item) {
        GenerationRequest whole = requests.get(entries.get(item.id()).request);
        return new GenerationRequest(
                item.prefix(), item.samples(), whole.config(), whole.pauseAfter(), whole.listener());
    }
}
