// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicReference;

/** Clients that each ask, wait for the answer and ask again, until no request is left. */
final class Clients {
    private Clients() {}

    /** Has a request answered; returns how many tokens the answer has. */
    @FunctionalInterface
    interface Server {
        int answer(ServingCase.Request request) throws IOException, InterruptedException;
    }

    /**
     * Runs all requests of a call.
     *
     * @throws IOException if one fails, or its answer has another number of tokens than asked for
     */
    static void run(ServingCase of, long call, Server server) throws IOException, InterruptedException {
        Queue<ServingCase.Request> requests = new ConcurrentLinkedQueue<>(of.requests(call));
        AtomicReference<Exception> failure = new AtomicReference<>();
        List<Thread> clients = new ArrayList<>();
        for (int client = 0; client < of.clients(); client++) {
            clients.add(Thread.ofVirtual().start(() -> ask(requests, server, failure)));
        }
        for (Thread client : clients) {
            client.join();
        }
        if (failure.get() != null) {
            throw new IOException("a request was not answered: " + failure.get(), failure.get());
        }
    }

    private static void ask(Queue<ServingCase.Request> requests, Server server, AtomicReference<Exception> failure) {
        try {
            ServingCase.Request request = requests.poll();
            while (request != null && failure.get() == null) {
                int tokens = server.answer(request);
                if (tokens != request.newTokens()) {
                    throw new IOException("the answer has " + tokens + " tokens instead of " + request.newTokens());
                }
                request = requests.poll();
            }
        } catch (IOException | InterruptedException | RuntimeException e) {
            failure.compareAndSet(null, e);
        }
    }
}
