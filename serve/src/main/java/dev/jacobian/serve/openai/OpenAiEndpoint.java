// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ToolCallFormat;
import dev.jacobian.io.chat.ToolCallParser;
import dev.jacobian.io.grammar.Grammar;
import dev.jacobian.io.grammar.TokenVocabulary;
import dev.jacobian.serve.http.AnswerListener;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.serve.http.WebRequest;
import dev.jacobian.serve.http.WebServer;
import dev.jacobian.serve.openai.ChatWriter.Form;
import dev.jacobian.transformer.generation.TokenScore;
import dev.jacobian.transformer.generation.processor.GrammarMask;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Supplier;

/**
 * OpenAI's routes for one model: {@code /v1/chat/completions}, {@code /v1/responses}, {@code /v1/completions}, {@code
 * /v1/models}.
 */
public final class OpenAiEndpoint {
    /** New tokens of a completion that does not say how many, in OpenAI's protocol. */
    private static final int USUAL_COMPLETION = 16;

    /** Answers of one request, to all of its prompts: what one client may hold of the server at a time. */
    private static final int MOST_ANSWERS = 128;

    private final ServedModel model;
    private final Supplier<Long> seeds;
    private final Clock clock;
    private final Supplier<TokenVocabulary> vocabulary;
    private final Counters counters = new Counters();
    private final AtomicLong answers = new AtomicLong();

    /**
     * @param seeds the seeds of requests that bring none
     * @param clock of the times in responses
     */
    public OpenAiEndpoint(ServedModel model, Supplier<Long> seeds, Clock clock) {
        this.model = model;
        this.seeds = seeds;
        this.clock = clock;
        this.vocabulary = new Once<>(
                () -> GrammarMask.vocabulary(model.model(), model.model().eosTokenIds()));
    }

    /** Counts requests for {@code /metrics}. */
    public AnswerListener counter() {
        return counters;
    }

    /** Adds the routes to a server. */
    public void addTo(WebServer.Builder server) {
        server.route("POST", "/v1/chat/completions", this::chat)
                .route("POST", "/v1/responses", this::respond)
                .route("POST", "/v1/completions", this::complete)
                .route("GET", "/v1/models", this::models)
                .route("GET", "/v1/models/", this::model)
                .route("GET", "/metrics", this::metrics);
    }

    private void models(WebRequest request) throws IOException {
        ObjectNode list = Json.object().put("object", "list");
        list.putArray("data").add(model.toJson());
        request.reply(200, list);
    }

    private void model(WebRequest request) throws IOException {
        model.requireNamed(request.rest());
        request.reply(200, model.toJson());
    }

    private void metrics(WebRequest request) throws IOException {
        String text = counters.text(model.engine().metrics());
        request.reply(200, "text/plain; version=0.0.4; charset=utf-8", text.getBytes(StandardCharsets.UTF_8));
    }

    private void chat(WebRequest request) throws IOException, InterruptedException {
        RequestFields fields = RequestFields.of(request.json());
        model.requireNamed(requiredModel(fields));
        AnswerSettings settings = AnswerSettings.read(fields, model, 0, seeds);
        boolean logProbs = fields.bool("logprobs", false);
        Optional<Integer> top = fields.integer("top_logprobs", 0, 20);
        if (top.orElse(0) > 0 && !logProbs) {
            throw WebException.invalid("top_logprobs", "top_logprobs needs logprobs = true");
        }
        settings.topLogProbs(top.orElse(0));
        ChatPrompt prompt = ChatPrompt.read(fields, model);
        grammar(fields, prompt).map(this::mask).ifPresent(settings::add);
        refuseOtherModalities(fields);
        fields.refuseOthers();
        Form form = form("chatcmpl-", logProbs, settings);
        AnswerWriter out = settings.stream()
                ? new ChatWriter.Streamed(request.replyWithEvents(), form, settings.choices(), settings.includeUsage())
                : new ChatWriter.Whole(request.replyInTime(), form, settings.choices());
        Optional<Supplier<ToolCallParser>> parsers = prompt.calls()
                .map(format -> () -> new ToolCallParser(format, prompt.tools().names()));
        String opening = prompt.tools().forced().isEmpty()
                ? ""
                : prompt.calls().map(ToolCallFormat::opening).orElse("");
        new Answering(model, settings, parsers, opening, counters)
                .run(List.of(prompt.tokens()), request.limits().beat(), out);
    }

    private void respond(WebRequest request) throws IOException, InterruptedException {
        RequestFields fields = RequestFields.of(request.json());
        model.requireNamed(requiredModel(fields));
        AnswerSettings settings = AnswerSettings.ofResponse(fields, model, seeds);
        fields.only("tools", Json.object().arrayNode(), "functions are called through /v1/chat/completions");
        ChatPrompt prompt = ChatPrompt.read(fields, ResponseInput.messages(fields), "input", model);
        ResponseFormat.ofResponse(fields).map(this::mask).ifPresent(settings::add);
        fields.only("background", BooleanNode.FALSE, "a response comes at once");
        fields.only("truncation", TextNode.valueOf("disabled"), "nothing of a conversation is left out");
        fields.only("include", Json.object().arrayNode(), "a response has nothing more to include");
        fields.refuseOthers();
        ObjectNode echoed = settings.echoed(prompt.tokens().length).put("model", model.name());
        echoed.put("instructions", fields.string("instructions").orElse(null));
        fields.find("text").ifPresent(text -> echoed.set("text", text));
        ResponseWriter.Form form =
                new ResponseWriter.Form(id("resp_"), clock.instant().getEpochSecond(), echoed);
        AnswerWriter out = settings.stream()
                ? new ResponseWriter.Streamed(request.replyWithEvents(), form)
                : new ResponseWriter.Whole(request.replyInTime(), form);
        new Answering(model, settings, Optional.empty(), "", counters)
                .run(List.of(prompt.tokens()), request.limits().beat(), out);
    }

    /** What the answer must be a text of. */
    private static Optional<Grammar> grammar(RequestFields fields, ChatPrompt prompt) {
        Optional<Grammar> format = ResponseFormat.read(fields);
        if (format.isPresent() && prompt.calls().isPresent()) {
            throw WebException.invalid(
                    "response_format", "with tools an answer may be a call, so it can have no other form");
        }
        return prompt.tools().forced().isEmpty()
                ? format
                : prompt.calls().map(calls -> ResponseFormat.calls(prompt.tools(), calls));
    }

    private LogitsProcessor mask(Grammar grammar) {
        return GrammarMask.of(vocabulary.get(), grammar);
    }

    private static void refuseOtherModalities(RequestFields fields) {
        fields.only("modalities", Json.object().arrayNode().add("text"), "only texts are answered");
        for (String old : List.of("functions", "function_call")) {
            if (fields.find(old).isPresent()) {
                throw WebException.invalid(old, old + " is the old name; use tools and tool_choice");
            }
        }
    }

    private void complete(WebRequest request) throws IOException, InterruptedException {
        RequestFields fields = RequestFields.of(request.json());
        model.requireNamed(requiredModel(fields));
        boolean echo = fields.bool("echo", false);
        AnswerSettings settings = echo
                ? AnswerSettings.ofEcho(fields, model, USUAL_COMPLETION, seeds)
                : AnswerSettings.read(fields, model, USUAL_COMPLETION, seeds);
        Optional<Integer> top = fields.integer("logprobs", 0, 20);
        settings.topLogProbs(top.orElse(0));
        fields.integer("best_of", 1, 128).filter(n -> n != settings.choices()).ifPresent(n -> {
            throw WebException.invalid("best_of", "best_of must be n: choices are not ranked here");
        });
        List<int[]> prompts = prompts(fields);
        if (prompts.size() * settings.choices() > MOST_ANSWERS) {
            throw WebException.invalid(
                    "n",
                    prompts.size() + " prompts with " + settings.choices() + " answers each are more than "
                            + MOST_ANSWERS + " answers; send several requests");
        }
        ResponseFormat.read(fields).map(this::mask).ifPresent(settings::add);
        fields.refuseOthers();
        prompts.forEach(prompt -> settings.requireRoom(prompt.length));
        Duration beat = request.limits().beat();
        Form form = form("cmpl-", top.isPresent(), settings);
        CompletionWriter out = settings.stream()
                ? new CompletionWriter.Streamed(request.replyWithEvents(), form, settings.includeUsage())
                : new CompletionWriter.Whole(request.replyInTime(), form);
        try {
            out.begin(echoes(prompts, echo, top, settings, beat, out));
        } catch (WebException e) {
            out.fail(e);
            return;
        }
        if (settings.isEchoAlone()) {
            for (int i = 0; i < prompts.size() * settings.choices(); i++) {
                out.add(new Delta(i, "", List.of(), List.of(), Optional.of("length")));
            }
            out.end(new Usage(prompts.stream().mapToInt(p -> p.length).sum(), 0));
            return;
        }
        new Answering(model, settings, Optional.empty(), "", counters).run(prompts, beat, out);
    }

    /** What stands before each choice. */
    private List<Echo> echoes(
            List<int[]> prompts,
            boolean echo,
            Optional<Integer> top,
            AnswerSettings settings,
            Duration beat,
            AnswerWriter out)
            throws IOException, InterruptedException {
        List<List<TokenScore>> scores = echo && top.isPresent()
                ? PromptScores.of(model, prompts, settings.temperature(), top.get(), beat, out)
                : List.of();
        List<Echo> echoes = new ArrayList<>();
        for (int p = 0; p < prompts.size(); p++) {
            Echo one = Echo.NONE;
            if (echo) {
                one = scores.isEmpty()
                        ? Echo.of(model.tokenizer(), prompts.get(p))
                        : Echo.of(model.tokenizer(), prompts.get(p), scores.get(p));
            }
            echoes.addAll(Collections.nCopies(settings.choices(), one));
        }
        return echoes;
    }

    private Form form(String prefix, boolean logProbs, AnswerSettings settings) {
        return new Form(
                id(prefix),
                clock.instant().getEpochSecond(),
                model.name(),
                logProbs,
                settings.returnTokenIds(),
                new TokenTexts(model.tokenizer()));
    }

    private String id(String prefix) {
        return prefix + Long.toHexString(clock.millis()) + Long.toHexString(answers.incrementAndGet());
    }

    private static String requiredModel(RequestFields fields) {
        fields.get("model");
        return fields.string("model").orElseThrow();
    }

    /** A text, several, or ids of one prompt or of several. */
    private List<int[]> prompts(RequestFields fields) {
        boolean special = fields.bool("add_special_tokens", true);
        JsonNode prompt = fields.get("prompt");
        List<int[]> prompts = new ArrayList<>();
        if (!prompt.isArray()) {
            prompts.add(prompt(prompt, special));
        } else if (prompt.path(0).isIntegralNumber()) {
            prompts.add(ids(prompt));
        } else {
            prompt.forEach(one -> prompts.add(one.isArray() ? ids(one) : prompt(one, special)));
        }
        if (prompts.isEmpty() || prompts.size() > MOST_ANSWERS) {
            throw WebException.invalid(
                    "prompt", "prompt must hold 1 to " + MOST_ANSWERS + " prompts, found " + prompts.size());
        }
        for (int[] tokens : prompts) {
            if (tokens.length == 0) {
                throw WebException.invalid("prompt", "a prompt is empty; begin with at least one token");
            }
        }
        return prompts;
    }

    private int[] prompt(JsonNode text, boolean special) {
        if (!text.isTextual()) {
            throw RequestFields.wrong("prompt", "a string, token ids, or an array of either", text);
        }
        return special
                ? model.tokenizer().encodePrompt(text.textValue())
                : model.tokenizer().encode(text.textValue(), false);
    }

    private int[] ids(JsonNode array) {
        int vocabulary = model.model().config().vocabularySize();
        int[] ids = new int[array.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = array.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0 || id.intValue() >= vocabulary) {
                throw RequestFields.wrong("prompt", "token ids from 0 to " + (vocabulary - 1), id);
            }
            ids[i] = id.intValue();
        }
        return ids;
    }
}
