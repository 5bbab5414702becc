// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.serve.http.EventStream;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.serve.openai.ChatWriter.Form;
import java.io.IOException;

/**
 * An answer that is streamed: a chunk for each part of a choice, one with the usage at the end if that was asked for, and the mark of the end.
 *
 * @param type of each chunk's object
 * @param includeUsage whether the usage is said at the end, and null before it
 */
record Chunks(EventStream events, Form form, String type, boolean includeUsage) {
    /** Sends a part of one choice. */
    void send(ObjectNode choice) throws IOException {
        ObjectNode chunk = form.object(type);
        chunk.putArray("choices").add(choice);
        if (includeUsage) {
            chunk.putNull("usage");
        }
        events.send(chunk);
    }

    void beat() throws IOException {
        events.beat();
    }

    void end(Usage usage) throws IOException {
        if (includeUsage) {
            ObjectNode chunk = form.object(type);
            chunk.putArray("choices");
            chunk.set("usage", usage.toJson());
            events.send(chunk);
        }
        events.done();
        events.end();
    }

    void fail(WebException reason) throws IOException {
        events.fail(reason);
    }
}
