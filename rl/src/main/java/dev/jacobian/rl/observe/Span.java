// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * A stretch of a run's time.
 *
 * @param work what was done in it
 * @param rollout the rollout it was done for, from 1; 0 for the run as a whole
 * @param begin {@link System#nanoTime} at its begin
 * @param end and at its end
 */
public record Span(Work work, int rollout, long begin, long end) {
    /** What a run does with its time. */
    public enum Work {
        /** Drawing samples. */
        SAMPLING,
        /** Asking rewards about them. */
        SCORING,
        /** Who samples ahead waits for weights or for room. */
        IDLE,
        /** The trainer waits for a rollout. */
        WAITING,
        /** From learning to sampling: weights are shown to the sampler, copied for it, and put in the order that kernels read. */
        SWITCHING,
        /** Gradients and optimizer steps. */
        LEARNING,
        /** Held-out problems and other measurements. */
        MEASURING,
        /** Writing a checkpoint. */
        SAVING
    }

    /** Something computed, and when. */
    public record Timed<T>(T result, Span span) {}

    /** Computes something and looks at the clock. */
    public static <T> Timed<T> of(Work work, int rollout, Supplier<T> body) {
        long begin = System.nanoTime();
        T result = body.get();
        return new Timed<>(result, new Span(work, rollout, begin, System.nanoTime()));
    }

    /**
     * A line of a run's timeline.
     *
     * @param zero {@link System#nanoTime} at second 0
     */
    public ObjectNode toJson(long zero) {
        ObjectNode json = Json.object();
        json.put("work", work.name().toLowerCase(Locale.ROOT));
        json.put("rollout", rollout);
        json.put("begin", Math.round((begin - zero) / 1e6) / 1e3);
        json.put("end", Math.round((end - zero) / 1e6) / 1e3);
        return json;
    }

    /** How long it took. */
    public double seconds() {
        return (end - begin) / 1e9;
    }
}
