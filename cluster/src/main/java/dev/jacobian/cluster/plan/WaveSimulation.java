// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Deque;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The samples of one step, from the master's first byte to the last token, as {@link dev.jacobian.cluster.Workers} has them drawn: a prompt's
 * samples are divided so that there are about four items for each worker; who is free takes its part of all items, and takes again
 * when all of them are done.
 */
final class WaveSimulation {
    private static final int ITEMS_EACH = 4;
    private static final long MOST_LOSSES = 100_000; // beside ten of each worker

    private final LoopModel model;
    private final Fleet fleet;
    private final int[] tokens;
    private final double[] ends;
    private final PriorityQueue<Event> events = new PriorityQueue<>();
    private final Deque<int[]> free = new ArrayDeque<>(); // samples of one prompt each
    private final BitSet waiting = new BitSet(); // workers without work, the first of which gets what comes back
    private final int share;
    private int left;
    private long order;
    private long lossesInWave;
    private long redone;

    /** Something happens at a time: a worker is free, or samples come back from a lost one. */
    private record Event(double time, long order, int worker, List<int[]> items) implements Comparable<Event> {
        @Override
        public int compareTo(Event other) {
            int byTime = Double.compare(time, other.time);
            return byTime != 0 ? byTime : Long.compare(order, other.order);
        }
    }

    /**
     * What came of a wave.
     *
     * @param ends when each sample ended
     * @param last when the last did
     * @param published when the last worker had the weights, had it not been lost
     * @param redone tokens that were drawn for nothing
     */
    record Outcome(double[] ends, double last, double published, long redone) {}

    private WaveSimulation(LoopModel model, Fleet fleet, int[] tokens) {
        this.model = model;
        this.fleet = fleet;
        this.tokens = tokens;
        ends = new double[tokens.length];
        left = tokens.length;
        int prompts = model.settings().prompts();
        int group = model.settings().groupSize();
        int workers = fleet.size();
        int parts = Math.max(1, Math.ceilDiv(ITEMS_EACH * workers, prompts));
        int each = workers < 2 ? group : Math.max(1, Math.ceilDiv(group, parts));
        for (int p = 0; p < prompts; p++) {
            for (int first = 0; first < group; first += each) {
                int[] item = new int[Math.min(each, group - first)];
                for (int i = 0; i < item.length; i++) {
                    item[i] = p * group + first + i;
                }
                free.add(item);
            }
        }
        share = Math.max(1, Math.ceilDiv(free.size(), workers));
    }

    /**
     * Simulates a wave.
     *
     * @param start when it begins
     * @param tokens of each sample, a prompt's one behind the other
     */
    static Outcome run(LoopModel model, Fleet fleet, double start, int[] tokens) {
        WaveSimulation wave = new WaveSimulation(model, fleet, tokens);
        double[] arrivals = model.publishing().arrivals(fleet.size());
        double published = start;
        for (int w = 0; w < arrivals.length; w++) {
            double there = fleet.present(w, start);
            double has = start + arrivals[w];
            wave.ready(
                    w, there > start ? Math.max(has, there + model.publishing().again()) : has);
            published = Math.max(published, has);
        }
        while (wave.left > 0) {
            wave.next();
        }
        double last = start;
        for (double end : wave.ends) {
            last = Math.max(last, end);
        }
        return new Outcome(wave.ends, last, published, wave.redone);
    }

    private void ready(int worker, double time) {
        events.add(new Event(time, order++, worker, List.of()));
    }

    private void next() {
        Event event = events.remove();
        if (event.items.isEmpty()) {
            offer(event.worker, event.time);
            return;
        }
        free.addAll(event.items);
        for (int w = waiting.nextSetBit(0); w >= 0 && !free.isEmpty(); w = waiting.nextSetBit(w + 1)) {
            waiting.clear(w);
            offer(w, event.time);
        }
    }

    /** A worker asks for items. */
    private void offer(int worker, double now) {
        if (fleet.nextLoss(worker) <= now) { // with nothing in its hands
            lossCounted();
            ready(worker, Math.max(now, fleet.lose(worker)) + model.publishing().again());
        } else if (free.isEmpty()) {
            waiting.set(worker);
        } else {
            List<int[]> items = new ArrayList<>();
            while (items.size() < share && !free.isEmpty()) {
                items.add(free.remove());
            }
            sample(worker, now, items);
        }
    }

    private void sample(int worker, double now, List<int[]> items) {
        int[] samples = items.stream().flatMapToInt(Arrays::stream).toArray();
        int[] lengths = new int[samples.length];
        for (int i = 0; i < samples.length; i++) {
            lengths[i] = tokens[samples[i]];
        }
        double[] offsets = WorkerBatch.ends(lengths, items.size(), model);
        double end = now;
        for (double offset : offsets) {
            end = Math.max(end, now + offset);
        }
        double loss = fleet.nextLoss(worker);
        BitSet undone = new BitSet();
        for (int i = 0; i < samples.length; i++) {
            if (now + offsets[i] <= loss) {
                ends[samples[i]] = now + offsets[i];
                left--;
            } else {
                undone.set(samples[i]);
                redone += drawn(lengths[i], (loss - now) / offsets[i]);
            }
        }
        fleet.worked(now, Math.min(end, loss));
        if (loss >= end) {
            ready(worker, end);
            return;
        }
        lossCounted();
        ready(worker, fleet.lose(worker) + model.publishing().again());
        List<int[]> back = items.stream()
                .map(item -> Arrays.stream(item).filter(undone::get).toArray())
                .filter(item -> item.length > 0)
                .toList();
        events.add(new Event(loss + model.losses().notice(), order++, worker, back));
    }

    private static long drawn(int tokens, double part) {
        return (long) (tokens * part);
    }

    private void lossCounted() {
        lossesInWave++;
        if (lossesInWave > MOST_LOSSES + 10L * fleet.size()) {
            throw new IllegalArgumentException("workers are lost faster than they end samples, so a step has no end;"
                    + " fewer losses an hour, shorter completions or faster decoding are needed");
        }
    }
}
