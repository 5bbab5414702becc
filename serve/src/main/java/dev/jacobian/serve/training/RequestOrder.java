// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import dev.jacobian.serve.http.WebException;
import dev.jacobian.serve.training.Promises.Promise;
import dev.jacobian.tensor.Nullable;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.Executor;
import java.util.function.Supplier;

/**
 * What is asked of one model, done in the order of the numbers that its client gave, whatever order it arrived in.
 *
 * <p>Decisions: a number that comes twice with the same content is the same request, sent again because its answer was lost, and is done
 * once; with another content it is a mistake (409). A request without a number comes behind all that have one.
 */
final class RequestOrder {
    private static final int MOST_WAITING = 1024;
    private static final int MOST_REMEMBERED = 4096;

    private record Known(String content, String promise) {}

    private record Waiting(Promise promise, Supplier<Outcome> work) {}

    private final Promises promises;
    private final Executor lane;
    private final Map<Integer, Known> known = new LinkedHashMap<>(); // guarded by this, as all below
    private final Map<Integer, Waiting> waiting = new HashMap<>();
    private int next = 1;
    private int highest;
    private boolean running;
    private @Nullable Outcome end;

    /** @param lane what does the work */
    RequestOrder(Promises promises, Executor lane) {
        this.promises = promises;
        this.lane = lane;
    }

    /**
     * Takes something on.
     *
     * @param number its place, from 1; none for behind all others
     * @param content what tells it from another request of the same number
     * @return the request's id, new or that of the same request before
     */
    synchronized String take(OptionalInt number, String content, Supplier<Outcome> work) {
        int at = number.orElse(highest + 1);
        Known before = known.get(at);
        if (before != null && before.content.equals(content)) {
            return before.promise;
        }
        if (before != null || at < next) {
            throw new WebException(
                    409,
                    "invalid_request_error",
                    at < 1
                            ? "seq_id counts a model's requests from 1, found " + at
                            : "seq_id " + at + " was another request; the next is " + (highest + 1),
                    "seq_id",
                    "conflict");
        }
        if (waiting.size() >= MOST_WAITING || at - next >= MOST_WAITING) {
            throw new WebException(
                    429,
                    "rate_limit_error",
                    waiting.size() + " requests of this model wait, and seq_id " + at + " is " + ((long) at - next)
                            + " ahead of the next; come again when some are done",
                    "seq_id",
                    "rate_limit_exceeded");
        }
        Promise promise = promises.open();
        if (end != null) {
            promise.outcome().complete(end);
            return promise.id();
        }
        highest = Math.max(highest, at);
        known.put(at, new Known(content, promise.id()));
        if (known.size() > MOST_REMEMBERED) {
            known.remove(known.keySet().iterator().next());
        }
        waiting.put(at, new Waiting(promise, work));
        goOn();
        return promise.id();
    }

    /** Ends all that waits, and all that comes, with an outcome. What runs goes on. */
    synchronized void end(Outcome outcome) {
        end = outcome;
        waiting.values().forEach(one -> one.promise.outcome().complete(outcome));
        waiting.clear();
    }

    /** Whether nothing has been asked for yet. */
    synchronized boolean isFresh() {
        return highest == 0;
    }

    private synchronized void goOn() {
        Waiting one = running ? null : waiting.remove(next);
        if (one == null) {
            return;
        }
        running = true;
        next++;
        lane.execute(() -> {
            one.promise.outcome().complete(one.work.get());
            synchronized (this) {
                running = false;
            }
            goOn();
        });
    }
}
