// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import java.io.IOException;

/**
 * A response of server-sent events (HTML living standard, 9.2): {@code data: JSON} and an empty line for each.
 *
 * <p>JSON is sent on one line, so an event is one {@code data} line. The status is 200 once the first event has gone; what fails
 * later is an event with {@code error} in it.
 */
public final class EventStream {
    private final WebRequest request;

    EventStream(WebRequest request) {
        this.request = request;
    }

    /** Sends an event. */
    public void send(JsonNode data) throws IOException {
        write("data: " + Json.compact(data) + "\n\n");
    }

    /** Sends an event with a name. */
    public void send(String event, JsonNode data) throws IOException {
        write("event: " + event + "\ndata: " + Json.compact(data) + "\n\n");
    }

    /** Sends a comment, which clients skip. */
    public void beat() throws IOException {
        write(": \n\n");
    }

    /** Sends OpenAI's mark of the end. */
    public void done() throws IOException {
        write("data: [DONE]\n\n");
    }

    /** Tells that there will be no answer, or no more of it: with its status, unless an event has gone before. */
    public void fail(WebException reason) throws IOException {
        if (!request.hasBegun()) {
            throw reason;
        }
        send(reason.toJson());
        end();
    }

    /** Ends the response. */
    public void end() throws IOException {
        begin();
        request.end();
    }

    private void write(String text) throws IOException {
        begin();
        request.send(text);
    }

    private void begin() throws IOException {
        if (!request.hasBegun()) {
            request.begin(200);
        }
    }
}
