// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import dev.jacobian.transformer.generation.Generation;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * Results that wait to be fetched. One is kept until its receipt is acknowledged, so that an answer that is lost on the way costs nothing; it may
 * be fetched twice, and the master takes it once.
 */
final class Outbox {
    private static final int MOST_BYTES = 4 << 20;
    private static final int BYTES_OF_TOKEN = 8;

    /** A result with its number. */
    private record Numbered(long number, WorkWire.Done done) {}

    /**
     * What is fetched at once.
     *
     * @param last number of the last of them; what is acknowledged the next time
     * @param results in order
     * @param failure what went wrong with an item, if something did
     */
    record Parcel(long last, List<WorkWire.Done> results, Optional<String> failure) {}

    private final Deque<Numbered> waiting = new ArrayDeque<>();
    private long epoch = -1;
    private long numbers;
    private long tokens;
    private int running; // samples
    private Optional<String> failure = Optional.empty();

    /** Begins with other work: results of earlier work are not wanted any more. */
    synchronized void begin(long other) {
        if (epoch != other) {
            waiting.clear();
            running = 0;
            failure = Optional.empty();
            epoch = other;
        }
    }

    synchronized long epoch() {
        return epoch;
    }

    synchronized void expect(int samples) {
        running += samples;
    }

    synchronized void done(long of, int item, int sample, Generation generation) {
        tokens += generation.tokenIds().length;
        if (of == epoch) {
            running--;
            waiting.add(new Numbered(++numbers, new WorkWire.Done(item, sample, generation)));
            notifyAll();
        }
    }

    synchronized void failed(long of, Throwable cause) {
        if (of == epoch) {
            failure = Optional.of(String.valueOf(cause.getMessage()));
            notifyAll();
        }
    }

    /** Tokens that were sampled since the session began. */
    synchronized long tokens() {
        return tokens;
    }

    /** Samples under way. */
    synchronized int running() {
        return running;
    }

    /**
     * What is there; waits a while if nothing is.
     *
     * @param received number of the last result that has arrived
     */
    synchronized Parcel fetch(long received, long waitMillis) throws InterruptedException {
        while (!waiting.isEmpty() && waiting.peek().number <= received) {
            waiting.remove();
        }
        long end = System.nanoTime() + waitMillis * 1_000_000;
        while (waiting.isEmpty() && failure.isEmpty()) {
            long left = (end - System.nanoTime()) / 1_000_000;
            if (left <= 0) {
                break;
            }
            wait(left);
        }
        List<WorkWire.Done> results = new ArrayList<>();
        long last = received;
        long bytes = 0;
        for (Numbered next : waiting) {
            bytes += (long) next.done.generation().tokenIds().length * BYTES_OF_TOKEN;
            if (!results.isEmpty() && bytes > MOST_BYTES) {
                break;
            }
            results.add(next.done);
            last = next.number;
        }
        Optional<String> broken = failure;
        failure = Optional.empty();
        return new Parcel(last, results, broken);
    }
}
