// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Keys of generation: their defaults, layers, and what is refused. */
class GenerationSettingsTest {
    private static JsonNode json(String text) {
        return Json.parse(text, "test");
    }

    private static GenerationConfig build(GenerationSettings settings) {
        return settings.apply(GenerationConfig.builder()).build();
    }

    private static GenerationSettings asked(Map<String, String> values) {
        GenerationSettings settings = new GenerationSettings();
        values.forEach((key, value) -> settings.set(key, json(value), "--set " + key));
        return settings;
    }

    static List<GenerationKey> keys() {
        return GenerationKeys.ALL;
    }

    @ParameterizedTest
    @MethodSource("keys")
    @DisplayName("a key's default is what saying nothing gives")
    void defaults(GenerationKey key) {
        GenerationConfigBuilder builder = GenerationConfig.builder();
        assertThat(GenerationKeys.set(builder, key.name(), json("null"), "test"))
                .isFalse();
        if (!key.preset().isEmpty()) {
            assertThat(GenerationKeys.set(builder, key.name(), json(key.preset()), "test"))
                    .isTrue();
        }
        GenerationConfig expected = key.name().equals("max_new_tokens")
                ? GenerationConfig.builder().maxNewTokens(256).build()
                : GenerationConfig.builder().build();
        assertThat(builder.build()).isEqualTo(expected);
        assertThat(builder.build().maxNewTokens()).isEqualTo(256);
    }

    @Test
    @DisplayName("each key is one of: a setting, without effect, unsupported")
    void disjoint() {
        Set<String> names = new HashSet<>();
        GenerationKeys.ALL.forEach(key -> assertThat(names.add(key.name())).isTrue());
        GenerationKeys.WITHOUT_EFFECT.forEach(
                key -> assertThat(names.add(key)).as(key).isTrue());
        GenerationKeys.UNSUPPORTED
                .keySet()
                .forEach(key -> assertThat(names.add(key)).as(key).isTrue());
        assertThat(names).hasSizeGreaterThan(70);
    }

    @Test
    @DisplayName("every key reaches the configuration")
    void values() {
        GenerationConfig config =
                build(new GenerationSettings().recommended(json("""
                    {"max_new_tokens": 9, "min_new_tokens": 2, "min_length": 3, "eos_token_id": [4], "ignore_eos": true,
                     "stop_strings": "x", "do_sample": true, "temperature": 0.5, "top_h": 0.4, "top_k": 7,
                     "top_p": 0.3, "min_p": 0.2, "typical_p": 0.9, "epsilon_cutoff": 0.01, "eta_cutoff": 0.02,
                     "renormalize_logits": true, "repetition_penalty": 1.5, "presence_penalty": 0.25,
                     "frequency_penalty": -0.5, "no_repeat_ngram_size": 3,
                     "exponential_decay_length_penalty": [5, 1.25], "logit_bias": {"6": -100},
                     "sequence_bias": [[[1, 2], 3.5]], "bad_words_ids": [[5], [6, 7]], "suppress_tokens": [8],
                     "begin_suppress_tokens": 9, "forced_bos_token_id": 10, "forced_eos_token_id": [11, 12],
                     "remove_invalid_values": true, "num_return_sequences": 2, "num_beams": 3,
                     "length_penalty": 0.5, "early_stopping": "never", "top_logprobs": 4,
                     "pad_token_id": 0, "transformers_version": "5.12.1", "guidance_scale": null}\
                    """.replace("\n", " ")), "generation_config.json"));
        assertThat(config.length().newTokens(100)).isEqualTo(9);
        assertThat(config.length().minNewTokens()).isEqualTo(2);
        assertThat(config.length().minLength()).isEqualTo(3);
        assertThat(config.stop().eosTokenIds()).as("the model's own already").isEmpty();
        assertThat(config.stop().stopStrings()).containsExactly("x");
        assertThat(config.ignoreEos()).isTrue();
        assertThat(config.sampling())
                .isEqualTo(new SamplingConfig(true, 0.5f, 0.4f, 7, 0.3f, 0.2f, 0.9f, 0.01f, 0.02f, true));
        assertThat(config.penalties().decay()).contains(new PenaltyConfig.Decay(5, 1.25));
        assertThat(config.penalties().frequencyPenalty()).isEqualTo(-0.5f);
        assertThat(config.penalties().presencePenalty()).isEqualTo(0.25f);
        assertThat(config.penalties().noRepeatNgramSize()).isEqualTo(3);
        assertThat(config.repetitionPenalty()).isEqualTo(1.5f);
        TokenRules rules = config.tokens();
        assertThat(rules.logitBias().getFirst().tokens()).containsExactly(6);
        assertThat(rules.logitBias().getFirst().bias()).isEqualTo(-100);
        assertThat(rules.sequenceBias().getFirst().tokens()).containsExactly(1, 2);
        assertThat(rules.badWordsIds()).hasSize(2);
        assertThat(rules.suppressTokens()).containsExactly(8);
        assertThat(rules.beginSuppressTokens()).containsExactly(9);
        assertThat(rules.forcedBosTokenId()).hasValue(10);
        assertThat(rules.forcedEosTokenIds()).containsExactly(11, 12);
        assertThat(rules.removeInvalidValues()).isTrue();
        assertThat(rules.largestTokenId()).isEqualTo(12);
        assertThat(config.search()).isEqualTo(new SearchConfig(3, 2, 0.5, SearchConfig.EarlyStopping.NEVER, 0));
        assertThat(config.topLogProbs()).isEqualTo(4);
        assertThat(build(asked(Map.of("eos_token_id", "[4, 5]"))).stop().eosTokenIds())
                .contains(List.of(4, 5));
        assertThat(build(asked(Map.of("max_length", "20"))).length().newTokens(15))
                .isEqualTo(5);
        assertThat(build(asked(Map.of("penalty_alpha", "0.5", "top_k", "4"))).contrastive())
                .isTrue();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "temperature      | \"hot\"  | 'temperature' must be a number, not \"hot\"",
                "top_k            | 1.5      | 'top_k' must be an integer, not 1.5",
                "do_sample        | 1        | 'do_sample' must be true or false, not 1",
                "stop_strings     | [1]      | 'stop_strings' must be a string or an array of them",
                "bad_words_ids    | [1]      | 'bad_words_ids' must be an array of arrays of token ids",
                "logit_bias       | {\"a\": 1} | 'logit_bias' must be an object of numbers under token ids",
                "early_stopping   | \"soon\" | 'early_stopping' must be true, false or \"never\"",
                "temprature       | 1        | Did you mean 'temperature'?",
                "guidance_scale   | 1.5      | 'guidance_scale' is not supported and would change what is generated",
                "num_beam_groups  | 2        | 'num_beam_groups' is not supported",
                "max_time         | 3.5      | 'max_time' is not supported",
            })
    @DisplayName("a wrong key or value is an error that names it and where it comes from")
    void refused(String key, String value, String message) {
        assertThatThrownBy(() -> new GenerationSettings().set(key, json(value), "request 7"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("request 7")
                .hasMessageContaining(message);
    }

    @Test
    @DisplayName("what turns an unsupported key off, and what changes no token, is passed over")
    void passedOver() {
        GenerationConfig config = build(new GenerationSettings()
                .recommended(
                        json("{\"num_beam_groups\": 1, \"guidance_scale\": 1.0, \"diversity_penalty\": 0.0,"
                                + " \"cache_implementation\": \"static\", \"use_cache\": false, \"max_time\": null}"),
                        "generation_config.json"));
        assertThat(config).isEqualTo(GenerationConfig.builder().build());
    }

    @Test
    @DisplayName("a user's settings win over a model's, and the stronger limit of length replaces the weaker")
    void layers() {
        JsonNode file = json("{\"temperature\": 0.6, \"top_p\": 0.9, \"do_sample\": true, \"max_length\": 4096}");
        GenerationSettings settings =
                new GenerationSettings().recommended(file, "file").set("temperature", json("0.5"), "--temperature");
        assertThat(settings.recommendations()).isEqualTo("top_p 0.9, do_sample true, max_length 4096");
        GenerationConfig config = build(settings);
        assertThat(config.temperature()).isEqualTo(0.5f);
        assertThat(config.sampling().topP()).isEqualTo(0.9f);
        assertThat(config.length().newTokens(96)).isEqualTo(4000);
        GenerationConfig limited = build(settings.set("max_new_tokens", json("5"), "--max-new-tokens"));
        assertThat(limited.length().newTokens(96)).isEqualTo(5);
        GenerationSettings greedy =
                new GenerationSettings().recommended(file, "file").set("do_sample", json("false"), "--greedy");
        assertThat(greedy.recommendations()).isEqualTo("max_length 4096");
        assertThat(build(greedy).temperature()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "{\"do_sample\": false, \"temperature\": 0.5} | 'temperature' has no effect",
                "{\"do_sample\": false, \"top_k\": 5} | 'top_k' has no effect",
                "{\"num_beams\": 2, \"top_p\": 0.5} | 'top_p' has no effect",
                "{\"length_penalty\": 2.0} | 'length_penalty' has no effect",
                "{\"early_stopping\": true} | 'early_stopping' has no effect",
                "{\"max_length\": 5, \"max_new_tokens\": 4} | 'max_length' has no effect",
            })
    @DisplayName("what a user asks for and nothing heeds is an error")
    void unheeded(String settings, String message) {
        GenerationSettings asked = new GenerationSettings();
        json(settings).properties().forEach(entry -> asked.set(entry.getKey(), entry.getValue(), "--set"));
        assertThatThrownBy(() -> build(asked))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(message);
    }

    @Test
    @DisplayName("the value that is the default may be said where nothing heeds it")
    void saidDefault() {
        assertThat(build(asked(Map.of("do_sample", "false", "temperature", "1", "length_penalty", "1.0")))
                        .doSample())
                .isFalse();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "{\"num_beams\": 2, \"num_return_sequences\": 3} | num_return_sequences 3 is more than num_beams 2",
                "{\"do_sample\": false, \"num_return_sequences\": 2} | greedy decoding gives one sequence",
                "{\"penalty_alpha\": 0.6, \"num_beams\": 2} | neither samples nor has beams",
                "{\"penalty_alpha\": 0.6} | set top_k to 2 or more, got 0",
                "{\"penalty_alpha\": 2.0, \"top_k\": 4} | penalty_alpha must lie in [0, 1]",
                "{\"min_new_tokens\": 9, \"max_new_tokens\": 3} | min_new_tokens 9 is more than max_new_tokens 3",
                "{\"stop_strings\": [\"\"]} | a stop string must not be empty",
                "{\"bad_words_ids\": [[]]} | bad_words_ids has a sequence without tokens",
                "{\"suppress_tokens\": [-1]} | suppress_tokens must hold token ids, got -1",
                "{\"typical_p\": 0} | typical_p must lie in (0, 1], got 0.0",
                "{\"top_h\": 1.5} | top_h must lie in (0, 1], got 1.5",
                "{\"eta_cutoff\": 1} | eta_cutoff must lie in [0, 1), got 1.0",
                "{\"max_length\": 1} | max_length counts the prompt too",
                "{\"num_beams\": 0} | num_beams must be at least 1",
                "{\"top_logprobs\": -1} | top_logprobs must not be negative",
            })
    @DisplayName("settings that make no sense, alone or beside one another")
    void contradictions(String settings, String message) {
        GenerationSettings asked = new GenerationSettings();
        json(settings).properties().forEach(entry -> asked.set(entry.getKey(), entry.getValue(), "--set"));
        assertThatThrownBy(() -> build(asked))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    @DisplayName("a prompt that is as long as max_length already")
    void noRoom() {
        assertThatThrownBy(
                        () -> build(asked(Map.of("max_length", "20"))).length().newTokens(20))
                .hasMessageContaining("max_length 20 counts the prompt, which has 20 tokens already");
    }
}
