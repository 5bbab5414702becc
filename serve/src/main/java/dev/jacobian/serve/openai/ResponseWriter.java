// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.EventStream;
import dev.jacobian.serve.http.SlowReply;
import dev.jacobian.serve.http.WebException;
import java.io.IOException;

/** Answers of {@code /v1/responses}: one object with one message in it, or the events of its growth. */
final class ResponseWriter {
    private ResponseWriter() {}

    /**
     * What a response says before and behind its message.
     *
     * @param id of the response
     * @param created seconds since 1970
     * @param echoed what it repeats of the request
     */
    record Form(String id, long created, ObjectNode echoed) {
        /** The message's id. */
        String messageId() {
            return "msg" + id.substring(id.indexOf('_'));
        }

        ObjectNode message(String status, String text) {
            ObjectNode message = Json.object()
                    .put("type", "message")
                    .put("id", messageId())
                    .put("status", status)
                    .put("role", "assistant");
            ArrayNode content = message.putArray("content");
            if (!status.equals("in_progress")) {
                content.add(part(text));
            }
            return message;
        }

        static ObjectNode part(String text) {
            ObjectNode part = Json.object().put("type", "output_text").put("text", text);
            part.putArray("annotations");
            part.putArray("logprobs");
            return part;
        }

        /** The response before there is anything of its message. */
        ObjectNode begun() {
            ObjectNode response = Json.object()
                    .put("id", id)
                    .put("object", "response")
                    .put("created_at", created)
                    .put("status", "in_progress");
            response.putNull("error");
            response.putNull("incomplete_details");
            response.setAll(echoed.deepCopy());
            response.putArray("output");
            response.putNull("usage");
            return response;
        }

        /** The whole response. */
        ObjectNode ended(String text, String reason, Usage usage) {
            ObjectNode response = begun();
            boolean cut = reason.equals("length");
            response.put("status", cut ? "incomplete" : "completed");
            if (cut) {
                response.putObject("incomplete_details").put("reason", "max_output_tokens");
            }
            response.putArray("output").add(message(response.get("status").textValue(), text));
            response.set("usage", usage.toResponseJson());
            return response;
        }
    }

    /** Everything at the end. */
    static final class Whole implements AnswerWriter {
        private final SlowReply reply;
        private final Form form;
        private final StringBuilder text = new StringBuilder();
        private String reason = "stop";

        Whole(SlowReply reply, Form form) {
            this.reply = reply;
            this.form = form;
        }

        @Override
        public void add(Delta delta) {
            text.append(delta.text());
            reason = delta.finishReason().orElse(reason);
        }

        @Override
        public void beat() throws IOException {
            reply.beat();
        }

        @Override
        public void end(Usage usage) throws IOException {
            reply.end(form.ended(text.toString(), reason, usage));
        }

        @Override
        public void fail(WebException failure) throws IOException {
            reply.fail(failure);
        }
    }

    /** Events: the response and its message begin, text comes, and both end; each has a number. */
    static final class Streamed implements AnswerWriter {
        private final EventStream events;
        private final Form form;
        private final StringBuilder text = new StringBuilder();
        private String reason = "stop";
        private int number;

        Streamed(EventStream events, Form form) {
            this.events = events;
            this.form = form;
        }

        private void send(String type, ObjectNode fields) throws IOException {
            ObjectNode event = Json.object().put("type", type).put("sequence_number", number++);
            events.send(type, event.setAll(fields));
        }

        private static ObjectNode with(String key, ObjectNode value) {
            return Json.object().set(key, value);
        }

        /** Where the text stands. */
        private ObjectNode place() {
            return Json.object()
                    .put("item_id", form.messageId())
                    .put("output_index", 0)
                    .put("content_index", 0);
        }

        private void begin() throws IOException {
            if (number == 0) {
                send("response.created", with("response", form.begun()));
                send("response.in_progress", with("response", form.begun()));
                send(
                        "response.output_item.added",
                        with("item", form.message("in_progress", "")).put("output_index", 0));
                send("response.content_part.added", place().set("part", Form.part("")));
            }
        }

        @Override
        public void add(Delta delta) throws IOException {
            begin();
            reason = delta.finishReason().orElse(reason);
            if (!delta.text().isEmpty()) {
                text.append(delta.text());
                ObjectNode said = place().put("delta", delta.text());
                said.putArray("logprobs");
                send("response.output_text.delta", said);
            }
        }

        @Override
        public void beat() throws IOException {
            events.beat();
        }

        @Override
        public void end(Usage usage) throws IOException {
            begin();
            ObjectNode response = form.ended(text.toString(), reason, usage);
            String status = response.get("status").textValue();
            ObjectNode said = place().put("text", text.toString());
            said.putArray("logprobs");
            send("response.output_text.done", said);
            send("response.content_part.done", place().set("part", Form.part(text.toString())));
            send(
                    "response.output_item.done",
                    with("item", form.message(status, text.toString())).put("output_index", 0));
            send("response." + status, with("response", response));
            events.end();
        }

        @Override
        public void fail(WebException failure) throws IOException {
            events.fail(failure);
        }
    }
}
