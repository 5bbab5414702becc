// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * Work that may take longer than a request should: who asks is told to ask again while it goes on, and so hears soon whether anybody is
 * there.
 */
final class SlowWork {
    private static final long PATIENCE_MILLIS = 500;

    private final Executor threads;
    private final Map<String, CompletableFuture<String>> going = new HashMap<>();

    SlowWork(Executor threads) {
        this.threads = threads;
    }

    /**
     * Begins work, or looks after it; its result if there is one by now.
     *
     * @param name of the work; asked again with the same name, it is not begun again
     */
    Optional<String> ask(String name, Supplier<String> work) throws InterruptedException {
        CompletableFuture<String> future;
        synchronized (this) {
            future = going.computeIfAbsent(name, key -> CompletableFuture.supplyAsync(work, threads));
        }
        try {
            String result = future.get(PATIENCE_MILLIS, TimeUnit.MILLISECONDS);
            forget(name);
            return Optional.of(result);
        } catch (TimeoutException e) {
            return Optional.empty();
        } catch (ExecutionException e) {
            forget(name);
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new IllegalStateException(e.getCause());
        }
    }

    private synchronized void forget(String name) {
        going.remove(name);
    }
}
