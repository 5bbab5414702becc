// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static dev.jacobian.transformer.generation.KeyValues.*;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.EditDistance;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.transformer.generation.GenerationKey.Type;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The settings of generation by name: what {@code generation_config.json}, the command line and requests say.
 *
 * <p>Decisions: one table, from which reading, help and documentation follow. A key of transformers that changes no token here is
 * passed over; one that would change some and is not supported is an error unless it has the value that turns it off; one
 * that nobody knows is an error. {@code null} says nothing.
 */
public final class GenerationKeys {
    /** All settings, related ones together. */
    public static final List<GenerationKey> ALL = List.of(
            key("max_new_tokens", Type.INTEGER, "256", "limit of new tokens", (b, v) -> b.maxNewTokens(integer(v))),
            key(
                    "max_length",
                    Type.INTEGER,
                    "",
                    "limit of prompt and continuation together, in place of `max_new_tokens`",
                    (b, v) -> b.maxLength(integer(v))),
            key(
                    "min_new_tokens",
                    Type.INTEGER,
                    "0",
                    "new tokens before which no end token is chosen",
                    (b, v) -> b.minNewTokens(integer(v))),
            key(
                    "min_length",
                    Type.INTEGER,
                    "0",
                    "tokens of prompt and continuation together before which no end token is chosen",
                    (b, v) -> b.minLength(integer(v))),
            key(
                    "eos_token_id",
                    Type.TOKENS,
                    "",
                    "ids that end a continuation, in place of the model's own",
                    (b, v) -> b.eosTokenIds(tokens(v))),
            key(
                    "ignore_eos",
                    Type.BOOLEAN,
                    "false",
                    "go on after an end token (vLLM)",
                    (b, v) -> b.ignoreEos(truth(v))),
            key(
                    "stop_strings",
                    Type.STRINGS,
                    "[]",
                    "texts that end a continuation, also across tokens; they stay in its text",
                    (b, v) -> b.stopStrings(strings(v))),
            key(
                    "repetition_ngram",
                    Type.INTEGER,
                    "0",
                    "end a continuation that runs in circles: a run of at most so many tokens stands at its end",
                    (b, v) -> b.repetitionNgram(integer(v))),
            key(
                    "repetition_count",
                    Type.INTEGER,
                    "0",
                    "so often in a row, where it is as long as that; shorter ones fill as many tokens",
                    (b, v) -> b.repetitionCount(integer(v))),
            key(
                    "do_sample",
                    Type.BOOLEAN,
                    "",
                    "draw each token; otherwise take the likeliest. `true` unless `num_beams` or `penalty_alpha` asks"
                            + " for a search",
                    (b, v) -> b.doSample(truth(v))),
            key(
                    "temperature",
                    Type.NUMBER,
                    "1.0",
                    "logits are divided by it when sampling",
                    (b, v) -> b.temperature(real(v))),
            key(
                    "top_h",
                    Type.NUMBER,
                    "1.0",
                    "sample from the likeliest tokens within this part of the entropy",
                    (b, v) -> b.topH(real(v))),
            key(
                    "top_k",
                    Type.INTEGER,
                    "0",
                    "sample from the k likeliest tokens, and ties; 0 for all",
                    (b, v) -> b.topK(integer(v))),
            key(
                    "top_p",
                    Type.NUMBER,
                    "1.0",
                    "sample from the likeliest tokens that together have this probability",
                    (b, v) -> b.topP(real(v))),
            key(
                    "min_p",
                    Type.NUMBER,
                    "0.0",
                    "sample from tokens with at least this share of the largest probability",
                    (b, v) -> b.minP(real(v))),
            key(
                    "typical_p",
                    Type.NUMBER,
                    "1.0",
                    "sample from the most typical tokens that together have this probability",
                    (b, v) -> b.typicalP(real(v))),
            key(
                    "epsilon_cutoff",
                    Type.NUMBER,
                    "0.0",
                    "sample from tokens with at least this probability",
                    (b, v) -> b.epsilonCutoff(real(v))),
            key(
                    "eta_cutoff",
                    Type.NUMBER,
                    "0.0",
                    "the same with a limit that is lower where the distribution is flat",
                    (b, v) -> b.etaCutoff(real(v))),
            key(
                    "renormalize_logits",
                    Type.BOOLEAN,
                    "false",
                    "make logits log-probabilities after everything else",
                    (b, v) -> b.renormalizeLogits(truth(v))),
            key(
                    "repetition_penalty",
                    Type.NUMBER,
                    "1.0",
                    "positive logits of tokens already there are divided by it, negative multiplied",
                    (b, v) -> b.repetitionPenalty(real(v))),
            key(
                    "presence_penalty",
                    Type.NUMBER,
                    "0.0",
                    "subtracted from logits of tokens that the continuation has (OpenAI)",
                    (b, v) -> b.presencePenalty(real(v))),
            key(
                    "frequency_penalty",
                    Type.NUMBER,
                    "0.0",
                    "subtracted as often as the continuation has the token (OpenAI)",
                    (b, v) -> b.frequencyPenalty(real(v))),
            key(
                    "no_repeat_ngram_size",
                    Type.INTEGER,
                    "0",
                    "no run of so many tokens occurs twice, prompt included; 0 for no such rule",
                    (b, v) -> b.noRepeatNgramSize(integer(v))),
            key(
                    "exponential_decay_length_penalty",
                    Type.DECAY,
                    "",
                    "end tokens get likelier by a factor per new token beyond a start",
                    (b, v) -> b.exponentialDecayLengthPenalty(decay(v))),
            key(
                    "logit_bias",
                    Type.BIAS_OF_TOKENS,
                    "{}",
                    "added to logits of single tokens (OpenAI)",
                    (b, v) -> b.logitBias(biasOfTokens(v))),
            key(
                    "sequence_bias",
                    Type.BIASES,
                    "[]",
                    "added to the logit of the last token of a sequence where the others precede it",
                    (b, v) -> b.sequenceBias(biases(v))),
            key(
                    "bad_words_ids",
                    Type.SEQUENCES,
                    "[]",
                    "sequences that never occur",
                    (b, v) -> b.badWordsIds(sequences(v))),
            key(
                    "suppress_tokens",
                    Type.TOKENS,
                    "[]",
                    "tokens that are never chosen",
                    (b, v) -> b.suppressTokens(tokens(v))),
            key(
                    "begin_suppress_tokens",
                    Type.TOKENS,
                    "[]",
                    "tokens that are not chosen as the first",
                    (b, v) -> b.beginSuppressTokens(tokens(v))),
            key(
                    "forced_bos_token_id",
                    Type.TOKEN,
                    "",
                    "the first token behind a prompt of one token",
                    (b, v) -> b.forcedBosTokenId(integer(v))),
            key(
                    "forced_eos_token_id",
                    Type.TOKENS,
                    "[]",
                    "what the last token is when the limit is reached",
                    (b, v) -> b.forcedEosTokenIds(tokens(v))),
            key(
                    "remove_invalid_values",
                    Type.BOOLEAN,
                    "false",
                    "make NaN and infinite logits finite",
                    (b, v) -> b.removeInvalidValues(truth(v))),
            key(
                    "num_return_sequences",
                    Type.INTEGER,
                    "1",
                    "continuations of each prompt; no more than beams",
                    (b, v) -> b.numReturnSequences(integer(v))),
            key(
                    "num_beams",
                    Type.INTEGER,
                    "1",
                    "beams that are followed; with `do_sample` they are drawn",
                    (b, v) -> b.numBeams(integer(v))),
            key(
                    "length_penalty",
                    Type.NUMBER,
                    "1.0",
                    "a beam's score is its log-probability over its length to the power of this",
                    (b, v) -> b.lengthPenalty(number(v))),
            key(
                    "early_stopping",
                    Type.EARLY,
                    "false",
                    "end with as many finished beams as beams (`true`), when none is likely to improve (`false`) or"
                            + " none can (`\"never\"`)",
                    (b, v) -> b.earlyStopping(early(v))),
            key(
                    "penalty_alpha",
                    Type.NUMBER,
                    "0.0",
                    "contrastive search: weight of the likeness to what is there already, among `top_k` tokens",
                    (b, v) -> b.penaltyAlpha(number(v))),
            key(
                    "top_logprobs",
                    Type.INTEGER,
                    "0",
                    "report so many of the likeliest tokens of each step with their log-probabilities (OpenAI)",
                    (b, v) -> b.topLogProbs(integer(v))));

    /** Keys of transformers that choose no token: how it computes, what it returns besides, and notes. */
    public static final Set<String> WITHOUT_EFFECT = Set.of(
            "_from_model_config",
            "transformers_version",
            "pad_token_id",
            "bos_token_id",
            "decoder_start_token_id",
            "use_cache",
            "cache_config",
            "return_legacy_cache",
            "return_dict_in_generate",
            "output_scores",
            "output_logits",
            "output_attentions",
            "output_hidden_states",
            "low_memory",
            "compile_config",
            "disable_compile",
            "prefill_chunk_size",
            "is_assistant",
            "num_assistant_tokens",
            "num_assistant_tokens_schedule",
            "assistant_confidence_threshold",
            "assistant_early_exit",
            "assistant_lookbehind",
            "target_lookbehind",
            "prompt_lookup_num_tokens",
            "max_matching_ngram_size");

    /** Keys of transformers that are not supported, with the values, as JSON, that turn them off. */
    public static final Map<String, Set<String>> UNSUPPORTED = Map.ofEntries(
            Map.entry("cache_implementation", Set.of("\"dynamic\"", "\"static\"", "\"offloaded\"", "\"hybrid\"")),
            Map.entry("max_time", Set.of()),
            Map.entry("token_healing", Set.of("false")),
            Map.entry("guidance_scale", Set.of("1", "1.0")),
            Map.entry("watermarking_config", Set.of()),
            Map.entry("encoder_repetition_penalty", Set.of("1", "1.0")),
            Map.entry("encoder_no_repeat_ngram_size", Set.of("0")),
            Map.entry("num_beam_groups", Set.of("1")),
            Map.entry("diversity_penalty", Set.of("0", "0.0")),
            Map.entry("force_words_ids", Set.of()),
            Map.entry("constraints", Set.of()),
            Map.entry("dola_layers", Set.of()));

    private GenerationKeys() {}

    private static GenerationKey key(String name, Type type, String preset, String doc, GenerationKey.Setter setter) {
        return new GenerationKey(name, type, preset, doc, setter);
    }

    /** The setting of a name. */
    public static Optional<GenerationKey> find(String name) {
        return ALL.stream().filter(key -> key.name().equals(name)).findFirst();
    }

    /**
     * Sets one key.
     *
     * @param where where the value comes from, for messages
     * @return whether the key is a setting; otherwise it is one that changes nothing
     * @throws FormatException if the key is unknown or not supported, or its value is of another type or out of range
     */
    public static boolean set(GenerationConfigBuilder builder, String name, JsonNode value, String where) {
        Optional<GenerationKey> key = find(name);
        if (key.isEmpty()) {
            requireWithoutEffect(name, value, where);
            return false;
        }
        if (value.isNull()) {
            return false;
        }
        try {
            key.get().setter().set(builder, value);
        } catch (IllegalArgumentException e) {
            throw new FormatException(
                    where,
                    "'" + name + "' must be " + key.get().type().words() + ", not " + Json.excerpt(value),
                    "Correct the value");
        }
        return true;
    }

    private static void requireWithoutEffect(String name, JsonNode value, String where) {
        if (WITHOUT_EFFECT.contains(name) || (value.isNull() && UNSUPPORTED.containsKey(name))) {
            return;
        }
        Set<String> off = UNSUPPORTED.get(name);
        if (off == null) {
            String nearest = ALL.stream()
                    .map(GenerationKey::name)
                    .min(Comparator.comparingInt(known -> EditDistance.between(name, known)))
                    .orElseThrow();
            throw new FormatException(
                    where, "the generation setting '" + name + "' is unknown", "Did you mean '" + nearest + "'?");
        }
        if (!off.contains(Json.compact(value))) {
            throw new FormatException(
                    where,
                    "the generation setting '" + name + "' is not supported and would change what is generated, with"
                            + " the value " + Json.excerpt(value),
                    "Take it out of the file, or set it to null");
        }
    }
}
