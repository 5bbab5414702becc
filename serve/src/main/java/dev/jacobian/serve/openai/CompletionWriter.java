// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.EventStream;
import dev.jacobian.serve.http.SlowReply;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.serve.openai.ChatWriter.Form;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Text completions: one object, or chunks of it; whole ones are the chunks of each choice, joined. */
abstract sealed class CompletionWriter implements AnswerWriter {
    private CompletionWriter() {}

    /**
     * Before anything is added.
     *
     * @param echoes what stands before the text of each choice
     */
    abstract void begin(List<Echo> echoes);

    /** A choice, or what has been added to it. */
    private static ObjectNode choice(
            Form form,
            int index,
            Echo echo,
            String text,
            List<ChosenToken> tokens,
            int offset,
            Optional<String> reason) {
        ObjectNode choice = Json.object().put("index", index).put("text", echo.text() + text);
        if (form.logProbs()) {
            choice.set("logprobs", form.texts().arrays(echo.tokens(), tokens, offset));
        } else {
            choice.putNull("logprobs");
        }
        choice.put("finish_reason", reason.orElse(null));
        if (form.tokenIds()) {
            choice.set("token_ids", form.ids(tokens));
        }
        return choice;
    }

    /** Everything at the end. */
    static final class Whole extends CompletionWriter {
        private final SlowReply reply;
        private final Form form;
        private final List<List<Delta>> choices = new ArrayList<>();
        private List<Echo> echoes = List.of();

        Whole(SlowReply reply, Form form) {
            this.reply = reply;
            this.form = form;
        }

        @Override
        void begin(List<Echo> before) {
            echoes = before;
            before.forEach(echo -> choices.add(new ArrayList<>()));
        }

        @Override
        public void add(Delta delta) {
            choices.get(delta.choice()).add(delta);
        }

        @Override
        public void beat() throws IOException {
            reply.beat();
        }

        @Override
        public void end(Usage usage) throws IOException {
            ObjectNode object = form.object("text_completion");
            ArrayNode array = object.putArray("choices");
            for (int i = 0; i < choices.size(); i++) {
                StringBuilder text = new StringBuilder();
                List<ChosenToken> tokens = new ArrayList<>();
                Optional<String> reason = Optional.empty();
                for (Delta delta : choices.get(i)) {
                    text.append(delta.text());
                    tokens.addAll(delta.tokens());
                    reason = delta.finishReason();
                }
                Echo echo = echoes.get(i);
                array.add(choice(
                        form, i, echo, text.toString(), tokens, echo.text().length(), reason));
            }
            object.set("usage", usage.toJson());
            reply.end(object);
        }

        @Override
        public void fail(WebException reason) throws IOException {
            reply.fail(reason);
        }
    }

    /** Chunks. */
    static final class Streamed extends CompletionWriter {
        private final Form form;
        private final Chunks chunks;
        private Echo[] echoes = {}; // none once they were sent
        private int[] offsets = {};

        Streamed(EventStream events, Form form, boolean includeUsage) {
            this.form = form;
            this.chunks = new Chunks(events, form, "text_completion", includeUsage);
        }

        @Override
        void begin(List<Echo> before) {
            echoes = before.toArray(Echo[]::new);
            offsets = before.stream().mapToInt(echo -> echo.text().length()).toArray();
        }

        @Override
        public void add(Delta delta) throws IOException {
            if (!delta.isVisible()) {
                return;
            }
            int index = delta.choice();
            Echo echo = echoes[index];
            echoes[index] = Echo.NONE;
            chunks.send(choice(form, index, echo, delta.text(), delta.tokens(), offsets[index], delta.finishReason()));
            for (ChosenToken token : delta.tokens()) {
                offsets[index] +=
                        form.logProbs() ? form.texts().text(token.token()).length() : 0;
            }
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
