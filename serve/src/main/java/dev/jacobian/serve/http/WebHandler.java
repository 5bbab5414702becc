// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import java.io.IOException;

/** Answers the requests of one route, each on a virtual thread of its own, so it may block. */
@FunctionalInterface
public interface WebHandler {
    /**
     * Answers one request.
     *
     * @throws WebException to refuse it
     * @throws IOException if the client has gone
     * @throws InterruptedException if the client takes too long to read, or the server ends
     */
    void handle(WebRequest request) throws IOException, InterruptedException;
}
