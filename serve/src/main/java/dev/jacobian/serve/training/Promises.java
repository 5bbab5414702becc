// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.training;

import dev.jacobian.serve.http.WebException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Answers that are not there yet, by the number under which they are asked for again.
 *
 * <p>Decision: an answer stays for a while after it has been given, because it may have been lost on its way; then it is gone (410), and the
 * client asks for the work again.
 */
final class Promises {
    private static final Duration KEPT = Duration.ofMinutes(15);
    private static final int MOST_KEPT = 20_000;

    /** One of them. */
    static final class Promise {
        private final String id;
        private final CompletableFuture<Outcome> outcome = new CompletableFuture<>();
        private volatile Instant done = Instant.MAX;

        private Promise(String id) {
            this.id = id;
        }

        String id() {
            return id;
        }

        CompletableFuture<Outcome> outcome() {
            return outcome;
        }
    }

    private final InstantSource clock;
    private final Map<String, Promise> promises = new LinkedHashMap<>(); // guarded by this, as all below
    private long last;

    Promises(InstantSource clock) {
        this.clock = clock;
    }

    synchronized Promise open() {
        forgetOld();
        Promise promise = new Promise(Long.toString(++last));
        var unused = promise.outcome.whenComplete((outcome, failure) -> promise.done = clock.instant());
        promises.put(promise.id, promise);
        return promise;
    }

    /** Drops answers from the oldest on; those that are not there yet stay. */
    private void forgetOld() {
        Instant limit = clock.instant().minus(KEPT);
        int surplus = promises.size() - MOST_KEPT;
        var all = promises.values().iterator();
        while (all.hasNext()) {
            Promise promise = all.next();
            boolean old = promise.done.isBefore(limit);
            if (!old && surplus <= 0) {
                return;
            }
            if (old || promise.outcome.isDone()) {
                all.remove();
                surplus--;
            }
        }
    }

    /**
     * The answer, if it comes in so long.
     *
     * @throws WebException if it was never promised (404), or is gone (410)
     */
    Optional<Outcome> await(String id, Duration patience) throws InterruptedException {
        Promise promise = get(id);
        try {
            return Optional.of(promise.outcome.get(patience.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            throw new AssertionError("promises are kept with an outcome, failures too", e);
        }
    }

    private synchronized Promise get(String id) {
        Promise promise = promises.get(id);
        if (promise != null) {
            return promise;
        }
        if (id.matches("[1-9][0-9]{0,17}") && Long.parseLong(id) <= last) {
            throw new WebException(
                    410,
                    "invalid_request_error",
                    "the answer to request " + id + " is gone; ask for the work again",
                    null,
                    "gone");
        }
        throw WebException.notFound(
                "there is no request '" + id + "' here; ask with the request_id of an answer", "unknown_request");
    }
}
