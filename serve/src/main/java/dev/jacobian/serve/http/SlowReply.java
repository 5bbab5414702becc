// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import java.io.IOException;

/**
 * A JSON response that is computed for longer than a client or a proxy may want to wait in silence.
 *
 * <p>Decision: each {@link #beat} sends a blank, which JSON allows before a value. A client that has gone is noticed by it, since the
 * server underneath does not look at a connection while a request is handled. The price is that the status is 200 from the first
 * beat on; a failure behind it is told in the body, as {@code {"error": …}}.
 */
public final class SlowReply {
    private final WebRequest request;

    SlowReply(WebRequest request) {
        this.request = request;
    }

    /** Tells the client that it is not forgotten. */
    public void beat() throws IOException {
        if (!request.hasBegun()) {
            request.setHeader("Content-Type", "application/json");
            request.begin(200);
        }
        request.send(" ");
    }

    /** Tells that there will be no answer: with its status, unless a beat has gone before. */
    public void fail(WebException reason) throws IOException {
        if (request.hasBegun()) {
            end(reason.toJson());
        } else {
            throw reason;
        }
    }

    /** Ends the response. */
    public void end(JsonNode json) throws IOException {
        if (request.hasBegun()) {
            request.send(Json.compact(json));
            request.end();
        } else {
            request.reply(200, json);
        }
    }
}
