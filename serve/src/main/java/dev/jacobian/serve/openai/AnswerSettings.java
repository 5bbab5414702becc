// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.serve.http.RequestFields;
import dev.jacobian.serve.http.WebException;
import dev.jacobian.transformer.generation.GenerationConfig;
import dev.jacobian.transformer.generation.GenerationConfigBuilder;
import dev.jacobian.transformer.generation.processor.LogitsProcessor;
import dev.jacobian.transformer.generation.processor.SequenceBias;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * How an answer is to be made: what chat and completion requests have in common.
 *
 * <p>Names and ranges are OpenAI's; beside them stand vLLM's {@code top_k}, {@code min_p}, {@code repetition_penalty}, {@code
 * min_tokens}, {@code ignore_eos}, {@code include_stop_str_in_output} and {@code return_token_ids}. A temperature of 0 is greedy
 * decoding, and so is one below {@value #LEAST_TEMPERATURE}, as for vLLM: logits over it overflow.
 */
final class AnswerSettings {
    private static final int MOST_STOPS = 16;
    private static final int LONGEST_STOP = 1000;
    private static final float LEAST_TEMPERATURE = 1e-5f;

    /** Fields that say who asks and how it is billed, kept or scheduled: the answer is the same. */
    private static final List<String> HARMLESS = List.of(
            "user",
            "metadata",
            "store",
            "service_tier",
            "safety_identifier",
            "prompt_cache_key",
            "prompt_cache_retention",
            "prediction",
            "request_id",
            "priority",
            "cache_salt");

    private final GenerationConfigBuilder config;
    private final ServedModel model;
    private final Optional<Integer> maxTokens;
    private final List<String> stops;
    private final boolean includeStop;
    private final boolean ignoreEos;
    private final int choices;
    private final boolean stream;
    private final boolean includeUsage;
    private final boolean returnTokenIds;

    private AnswerSettings(
            RequestFields fields,
            ServedModel model,
            int usualTokens,
            Supplier<Long> freshSeed,
            String limitName,
            Optional<String> oldLimitName,
            int leastTokens) {
        this.model = model;
        this.config = model.defaults().get();
        fields.number("temperature", 0, 100).ifPresent(this::temperature);
        fields.number("top_p", 0, 1).ifPresent(config::topP);
        fields.integer("top_k", -1, Integer.MAX_VALUE).ifPresent(k -> config.topK(Math.max(0, k)));
        fields.number("min_p", 0, 1).ifPresent(config::minP);
        fields.number("repetition_penalty", 0, 100).ifPresent(config::repetitionPenalty);
        fields.number("presence_penalty", -2, 2).ifPresent(config::presencePenalty);
        fields.number("frequency_penalty", -2, 2).ifPresent(config::frequencyPenalty);
        fields.integer("min_tokens", 0, Integer.MAX_VALUE).ifPresent(config::minNewTokens);
        config.seed(fields.longInteger("seed").orElseGet(freshSeed));
        fields.find("logit_bias").ifPresent(bias -> config.logitBias(biases(bias, fields.path("logit_bias"))));
        ignoreEos = fields.bool("ignore_eos", false);
        config.ignoreEos(ignoreEos);
        choices = fields.integer("n", 1, 128).orElse(1);
        stops = fields.find("stop")
                .map(stop -> stops(stop, fields.path("stop")))
                .orElseGet(() -> config.build().stop().stopStrings()); // the model's own
        config.stopStrings(stops);
        includeStop = fields.bool("include_stop_str_in_output", false);
        Optional<Integer> newName = limit(fields, limitName, leastTokens);
        Optional<Integer> oldName = oldLimitName.flatMap(name -> limit(fields, name, leastTokens));
        if (newName.isPresent() && oldName.isPresent() && !newName.equals(oldName)) {
            throw WebException.invalid(
                    oldLimitName.orElseThrow(),
                    oldLimitName.orElseThrow() + " and " + limitName + " say different things; give one of them");
        }
        maxTokens = newName.or(() -> oldName).or(() -> usualTokens == 0 ? Optional.empty() : Optional.of(usualTokens));
        stream = fields.bool("stream", false);
        Optional<RequestFields> options = fields.object("stream_options");
        if (options.isPresent() && !stream) {
            throw WebException.invalid("stream_options", "stream_options has no meaning without stream = true");
        }
        includeUsage = options.map(o -> o.bool("include_usage", false)).orElse(false);
        options.ifPresent(o -> o.ignore(List.of("include_obfuscation")).refuseOthers());
        returnTokenIds = fields.bool("return_token_ids", false);
        fields.only("skip_special_tokens", BooleanNode.TRUE, "special tokens are always left out of texts");
        fields.only("use_beam_search", BooleanNode.FALSE, "there is no beam search over HTTP");
        fields.ignore(HARMLESS);
    }

    /**
     * Reads them.
     *
     * @param usualTokens limit of new tokens where the request has none; 0 for what the model has positions for
     * @param freshSeed the seed of a request that has none
     */
    static AnswerSettings read(RequestFields fields, ServedModel model, int usualTokens, Supplier<Long> freshSeed) {
        return new AnswerSettings(
                fields, model, usualTokens, freshSeed, "max_completion_tokens", Optional.of("max_tokens"), 1);
    }

    /** The same of a completion that begins with its prompt, behind which there may be nothing. */
    static AnswerSettings ofEcho(RequestFields fields, ServedModel model, int usualTokens, Supplier<Long> freshSeed) {
        return new AnswerSettings(
                fields, model, usualTokens, freshSeed, "max_completion_tokens", Optional.of("max_tokens"), 0);
    }

    /** The same of a request to {@code /v1/responses}, whose limit has another name. */
    static AnswerSettings ofResponse(RequestFields fields, ServedModel model, Supplier<Long> freshSeed) {
        AnswerSettings settings =
                new AnswerSettings(fields, model, 0, freshSeed, "max_output_tokens", Optional.empty(), 1);
        if (settings.choices != 1) {
            throw WebException.invalid("n", "n must be 1: a response has one message");
        }
        return settings;
    }

    private void temperature(float value) {
        if (value < LEAST_TEMPERATURE) {
            config.doSample(false);
        } else {
            config.doSample(true).temperature(value);
        }
    }

    private Optional<Integer> limit(RequestFields fields, String key, int least) {
        Optional<Integer> value = fields.integer(key, least, Integer.MAX_VALUE);
        value.filter(v -> v > model.maxTokens()).ifPresent(v -> {
            throw WebException.invalid(key, key + " may be " + model.maxTokens() + " at most here, found " + v);
        });
        return value;
    }

    private List<SequenceBias.Bias> biases(JsonNode bias, String path) {
        if (!bias.isObject()) {
            throw RequestFields.wrong(path, "an object from token ids to numbers", bias);
        }
        List<SequenceBias.Bias> biases = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : bias.properties()) {
            int token = tokenId(entry.getKey(), path);
            JsonNode value = entry.getValue();
            if (!value.isNumber() || !(Math.abs(value.doubleValue()) <= 100)) {
                throw RequestFields.wrong(path + "." + entry.getKey(), "a number from -100 to 100", value);
            }
            biases.add(new SequenceBias.Bias(new int[] {token}, value.floatValue()));
        }
        return biases;
    }

    private int tokenId(String text, String path) {
        int vocabulary = model.model().config().vocabularySize();
        // One spelling of an id, or "01" were another field than "1" and one token had two biases.
        if (text.matches("0|[1-9][0-9]{0,8}") && Integer.parseInt(text) < vocabulary) {
            return Integer.parseInt(text);
        }
        throw WebException.invalid(path, path + ": '" + text + "' is no token id from 0 to " + (vocabulary - 1));
    }

    private static List<String> stops(JsonNode stop, String path) {
        List<String> stops = new ArrayList<>();
        for (JsonNode one : stop.isArray() ? stop : Json.object().arrayNode().add(stop)) {
            if (!one.isTextual() || one.textValue().isEmpty() || one.textValue().length() > LONGEST_STOP) {
                throw RequestFields.wrong(
                        path, "a string of 1 to " + LONGEST_STOP + " characters or some of them", one);
            }
            stops.add(one.textValue());
        }
        if (stops.size() > MOST_STOPS) {
            throw WebException.invalid(path, path + " may have " + MOST_STOPS + " strings, found " + stops.size());
        }
        return stops;
    }

    /** One more processor of logits. */
    void add(LogitsProcessor processor) {
        config.processor(processor);
    }

    /** How many of the likeliest tokens are reported in the place of each. */
    void topLogProbs(int count) {
        config.topLogProbs(count);
    }

    /**
     * The configuration for a prompt.
     *
     * @throws WebException if the model has too few positions for it
     */
    GenerationConfig config(int promptTokens) {
        int wanted = requireRoom(promptTokens);
        try {
            return config.maxNewTokens(wanted).build();
        } catch (IllegalArgumentException e) {
            throw WebException.malformed(String.valueOf(e.getMessage()));
        }
    }

    /**
     * How many tokens the answer to a prompt may have.
     *
     * @throws WebException if the model has too few positions for them
     */
    int requireRoom(int promptTokens) {
        int room = model.positions() - promptTokens;
        int wanted = maxTokens.orElse(Math.min(Math.max(room, 1), model.maxTokens()));
        if (wanted > room) {
            throw new WebException(
                    400,
                    "invalid_request_error",
                    "the prompt has " + promptTokens + " tokens and the answer may have " + wanted
                            + ", the model has " + model.positions()
                            + " positions. Shorten the conversation, or ask for fewer tokens",
                    null,
                    "context_length_exceeded");
        }
        return wanted;
    }

    /** Whether nothing is to be generated. */
    boolean isEchoAlone() {
        return maxTokens.orElse(1) == 0;
    }

    /** What logits are divided by for log-probabilities; 1 for greedy decoding. */
    float temperature() {
        GenerationConfig made = config.build();
        return made.doSample() ? made.temperature() : 1f;
    }

    /** What a response repeats of them, in the words of {@code /v1/responses}. */
    ObjectNode echoed(int promptTokens) {
        GenerationConfig made = config(promptTokens);
        ObjectNode echoed = Json.object();
        echoed.put("max_output_tokens", maxTokens.orElse(null));
        echoed.putObject("metadata");
        echoed.put("parallel_tool_calls", true).putNull("previous_response_id");
        echoed.put("temperature", made.doSample() ? made.temperature() : 0f);
        echoed.putObject("text").putObject("format").put("type", "text");
        echoed.put("tool_choice", "auto").putArray("tools");
        return echoed.put("top_p", made.sampling().topP()).put("truncation", "disabled");
    }

    /** Answers to each prompt. */
    int choices() {
        return choices;
    }

    List<String> stops() {
        return stops;
    }

    boolean includeStop() {
        return includeStop;
    }

    boolean ignoreEos() {
        return ignoreEos;
    }

    boolean stream() {
        return stream;
    }

    boolean includeUsage() {
        return includeUsage;
    }

    boolean returnTokenIds() {
        return returnTokenIds;
    }
}
