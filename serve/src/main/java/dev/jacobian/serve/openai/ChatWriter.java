// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ToolCall;
import dev.jacobian.serve.http.EventStream;
import dev.jacobian.serve.http.SlowReply;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Chat completions: one object, or chunks of it. */
final class ChatWriter {
    private ChatWriter() {}

    /**
     * What all parts of a response say.
     *
     * @param id of the response
     * @param created seconds since 1970
     * @param logProbs whether log-probabilities were asked for
     * @param tokenIds whether ids were asked for
     */
    record Form(String id, long created, String model, boolean logProbs, boolean tokenIds, TokenTexts texts) {
        ObjectNode object(String type) {
            return Json.object()
                    .put("id", id)
                    .put("object", type)
                    .put("created", created)
                    .put("model", model);
        }

        ArrayNode ids(List<ChosenToken> tokens) {
            ArrayNode ids = Json.object().arrayNode();
            tokens.forEach(token -> ids.add(token.token()));
            return ids;
        }
    }

    private static ObjectNode call(Form form, int choice, int number, ToolCall call) {
        ObjectNode node = Json.object()
                .put("id", "call_" + form.id().substring(form.id().indexOf('-') + 1) + "_" + choice + "_" + number)
                .put("type", "function");
        node.putObject("function").put("name", call.name()).put("arguments", call.arguments());
        return node;
    }

    private static void logProbs(ObjectNode choice, Form form, List<ChosenToken> tokens) {
        if (form.logProbs()) {
            choice.putObject("logprobs")
                    .put("refusal", (String) null)
                    .set("content", form.texts().content(tokens));
        } else {
            choice.putNull("logprobs");
        }
    }

    /** Everything at the end. */
    static final class Whole implements AnswerWriter {
        private final SlowReply reply;
        private final Form form;
        private final Choice[] choices;

        private static final class Choice {
            final StringBuilder text = new StringBuilder();
            final List<ToolCall> calls = new ArrayList<>();
            final List<ChosenToken> tokens = new ArrayList<>();

            @Nullable
            String finishReason;
        }

        Whole(SlowReply reply, Form form, int choices) {
            this.reply = reply;
            this.form = form;
            this.choices = new Choice[choices];
            Arrays.setAll(this.choices, i -> new Choice());
        }

        @Override
        public void add(Delta delta) {
            Choice choice = choices[delta.choice()];
            choice.text.append(delta.text());
            choice.calls.addAll(delta.calls());
            choice.tokens.addAll(delta.tokens());
            delta.finishReason().ifPresent(reason -> choice.finishReason = reason);
        }

        @Override
        public void beat() throws IOException {
            reply.beat();
        }

        @Override
        public void end(Usage usage) throws IOException {
            ObjectNode object = form.object("chat.completion");
            ArrayNode array = object.putArray("choices");
            for (int i = 0; i < choices.length; i++) {
                array.add(choice(i, choices[i]));
            }
            object.set("usage", usage.toJson());
            reply.end(object);
        }

        private ObjectNode choice(int index, Choice choice) {
            ObjectNode node = Json.object().put("index", index);
            ObjectNode message = node.putObject("message").put("role", "assistant");
            message.put("content", choice.text.isEmpty() && !choice.calls.isEmpty() ? null : choice.text.toString());
            message.putNull("refusal");
            if (!choice.calls.isEmpty()) {
                ArrayNode calls = message.putArray("tool_calls");
                choice.calls.forEach(call -> calls.add(call(form, index, calls.size(), call)));
            }
            logProbs(node, form, choice.tokens);
            node.put("finish_reason", choice.finishReason);
            if (form.tokenIds()) {
                node.set("token_ids", form.ids(choice.tokens));
            }
            return node;
        }

        @Override
        public void fail(WebException reason) throws IOException {
            reply.fail(reason);
        }
    }

    /** Chunks. */
    static final class Streamed implements AnswerWriter {
        private final Form form;
        private final Chunks chunks;
        private final int[] calls; // so far, of each choice
        private boolean hasBegun;

        Streamed(EventStream events, Form form, int choices, boolean includeUsage) {
            this.form = form;
            this.chunks = new Chunks(events, form, "chat.completion.chunk", includeUsage);
            this.calls = new int[choices];
        }

        /** Before anything is said, each choice says who speaks. */
        private void begin() throws IOException {
            for (int i = 0; i < calls.length && !hasBegun; i++) {
                ObjectNode delta = Json.object().put("role", "assistant").put("content", "");
                send(i, delta, List.of(), Optional.empty());
            }
            hasBegun = true;
        }

        @Override
        public void add(Delta delta) throws IOException {
            begin();
            if (!delta.isVisible()) {
                return;
            }
            boolean isSaid = !delta.text().isEmpty();
            if (isSaid) {
                send(
                        delta.choice(),
                        Json.object().put("content", delta.text()),
                        delta.calls().isEmpty() && delta.finishReason().isEmpty() ? delta.tokens() : List.of(),
                        Optional.empty());
            }
            for (ToolCall call : delta.calls()) {
                int number = calls[delta.choice()]++;
                ObjectNode node = call(form, delta.choice(), number, call);
                ObjectNode part = Json.object();
                part.putArray("tool_calls")
                        .add(Json.object().put("index", number).setAll(node));
                send(delta.choice(), part, List.of(), Optional.empty());
            }
            if (!delta.calls().isEmpty() || delta.finishReason().isPresent()) {
                send(delta.choice(), Json.object(), delta.tokens(), delta.finishReason());
            }
        }

        private void send(int index, ObjectNode delta, List<ChosenToken> tokens, Optional<String> reason)
                throws IOException {
            ObjectNode choice = Json.object().put("index", index);
            choice.set("delta", delta);
            if (tokens.isEmpty()) {
                choice.putNull("logprobs");
            } else {
                logProbs(choice, form, tokens);
            }
            choice.put("finish_reason", reason.orElse(null));
            if (form.tokenIds()) {
                choice.set("token_ids", form.ids(tokens));
            }
            chunks.send(choice);
        }

        @Override
        public void beat() throws IOException {
            chunks.beat();
        }

        @Override
        public void end(Usage usage) throws IOException {
            chunks.end(usage);
        }

        @Override
        public void fail(WebException reason) throws IOException {
            chunks.fail(reason);
        }
    }
}
