// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.GoldenModels;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class GenerateCommandTest {
    @TempDir
    Path folder;

    @GoldenModels
    void greedyTokensAreThoseOfTransformers(GoldenModel model) throws IOException {
        JsonNode golden = model.json();
        JsonNode expected = golden.get("generation").get("greedy_short_32");
        Path ids = Files.writeString(
                folder.resolve("ids.json"),
                golden.get("cases").get("short").get("input_ids").toString());
        JsonNode actual = Run.of(
                        "generate",
                        "--model",
                        model.folder(),
                        "--input-ids",
                        ids,
                        "--greedy",
                        "--ignore-eos",
                        "--max-new-tokens",
                        32,
                        "--json")
                .json();
        assertThat(actual.get("token_ids")).isEqualTo(expected.get("new_tokens").get(0));
        assertThat(actual.get("finish_reason").textValue()).isEqualTo("length");
        assertThat(actual.get("text").isNull()).isEqualTo(!golden.has("text"));
        JsonNode logProbs = expected.path("logprobs");
        for (int i = 0; i < logProbs.size(); i++) {
            assertThat(actual.get("logprobs").get(i).doubleValue())
                    .isCloseTo(logProbs.get(i).doubleValue(), within(1e-4));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"bf16", "BF16", "q8_0", "q4_0"})
    void weightsInOtherFormats(String format) throws IOException {
        Object[] command = {
            "generate",
            "--model",
            TestPaths.model("llama-llama3rope-bf16"),
            "--input-ids",
            Files.writeString(folder.resolve("ids.json"), "[[1, 2, 3, 4, 5, 6]]"),
            "--greedy",
            "--ignore-eos",
            "--max-new-tokens",
            12,
            "--json",
            "--weights",
            "f32"
        };
        JsonNode exact = Run.of(command).json();
        command[command.length - 1] = format;
        JsonNode actual = Run.of(command).json();
        assertThat(actual.get("token_ids")).hasSize(12);
        boolean equal = actual.get("logprobs").equals(exact.get("logprobs"));
        assertThat(equal).as("a BF16 checkpoint as " + format).isEqualTo(format.equalsIgnoreCase("bf16"));
    }

    @Test
    void anEightBitCacheMovesLogProbabilitiesALittle() throws IOException {
        Object[] command = {
            "generate",
            "--model",
            TestPaths.model("llama-gqa"),
            "--input-ids",
            Files.writeString(folder.resolve("ids.json"), "[[1, 2, 3, 4, 5, 6]]"),
            "--greedy",
            "--ignore-eos",
            "--max-new-tokens",
            3,
            "--json",
            "--kv-cache-type",
            "auto"
        };
        JsonNode exact = Run.of(command).json().get("logprobs");
        command[command.length - 1] = "f32";
        assertThat(Run.of(command).json().get("logprobs")).isEqualTo(exact);
        command[command.length - 1] = "q8_0";
        JsonNode rounded = Run.of(command).json().get("logprobs");
        assertThat(rounded).isNotEqualTo(exact);
        assertThat(rounded.get(0).asDouble())
                .isCloseTo(exact.get(0).asDouble(), org.assertj.core.data.Offset.offset(0.1));
    }

    @Test
    void severalSequencesGiveArraysOfEach() throws IOException {
        GoldenModel golden = GoldenModel.of("llama-gqa");
        JsonNode padded = golden.golden("batch_left").get("input_ids");
        Path ids = Files.writeString(folder.resolve("ids.json"), golden.unpadded("batch_left", padded));
        JsonNode actual = Run.of(
                        "generate",
                        "--model",
                        TestPaths.model("llama-gqa"),
                        "--input-ids",
                        ids,
                        "--greedy",
                        "--ignore-eos",
                        "--max-new-tokens",
                        16,
                        "--json")
                .json();
        JsonNode expected =
                golden.json().get("generation").get("greedy_batch_left_16").get("new_tokens");
        assertThat(actual.get("token_ids")).isEqualTo(expected);
        assertThat(actual.get("text").size()).isEqualTo(3);
        assertThat(actual.get("finish_reason").get(2).textValue()).isEqualTo("length");
        assertThat(actual.get("logprobs").get(1).size()).isEqualTo(16);
    }

    @Test
    void streamedTextEqualsTheTextAsAWhole() {
        for (JsonNode text : GoldenModel.of("llama-gqa").json().get("text").get("cases")) {
            if (!text.has("prompt")) {
                continue;
            }
            Object[] args = {
                "generate",
                "--model",
                TestPaths.model("llama-gqa"),
                "--prompt",
                text.get("prompt").textValue(),
                "--greedy",
                "--ignore-eos",
                "--max-new-tokens",
                24
            };
            Object[] withJson = java.util.Arrays.copyOf(args, args.length + 1);
            withJson[args.length] = "--json";
            JsonNode json = Run.of(withJson).json();
            assertThat(json.get("token_ids")).isEqualTo(text.get("new_tokens"));
            // a streaming decoder may group broken bytes differently, so only unbroken texts are the same in both
            String whole = json.get("text").textValue();
            String streamed = Run.of(args).result();
            if (!whole.contains("\uFFFD")) {
                assertThat(streamed).isEqualTo(whole + "\n");
            } else {
                assertThat(streamed).endsWith("\n");
            }
        }
    }

    @Test
    void promptFromStandardInputIsThePromptOption() {
        Path model = TestPaths.model("arith-qwen3");
        Run piped = Run.withInput("12+34=\n", "generate", "--model", model, "--seed", 3, "--json");
        Run option = Run.of("generate", "--model", model, "--prompt", "12+34=", "--seed", 3, "--json");
        assertThat(piped.result()).isEqualTo(option.result());
        assertThat(option.err())
                .startsWith("jacobian: JDK ")
                .contains("kernels")
                .contains("device cpu");
    }

    @Test
    void seedDecidesAndThreadsDoNot() {
        Object[] args = {
            "generate",
            "--model",
            TestPaths.model("llama-gqa"),
            "--prompt",
            "Hello",
            "--max-new-tokens",
            24,
            "--ignore-eos",
            "--json",
            "--top-k",
            50,
            "--top-p",
            0.95,
            "--seed"
        };
        String first = Run.of(with(args, 1, "--threads", 1)).result();
        assertThat(Run.of(with(args, 1, "--threads", 2)).result()).isEqualTo(first);
        assertThat(Run.of(with(args, 2, "--threads", 2)).result()).isNotEqualTo(first);
    }

    @Test
    void stopsAtAnEndToken() {
        JsonNode stopped = Run.of(
                        "generate", "--model", TestPaths.model("arith-qwen3"), "--prompt", "1+2=", "--greedy", "--json")
                .json();
        assertThat(stopped.get("finish_reason").textValue()).isEqualTo("stop");
        assertThat(stopped.get("token_ids").size()).isLessThan(60);
        String streamed = Run.of("generate", "--model", TestPaths.model("arith-qwen3"), "--prompt", "1+2=", "--greedy")
                .result();
        assertThat(streamed).isEqualTo(stopped.get("text").textValue() + "\n").matches("[0-9]+\n");
    }

    private static Object[] generate(String model, Object... more) {
        return with(new Object[] {"generate", "--model", TestPaths.model(model), "--json"}, more);
    }

    @Test
    void beamsAreThoseOfTransformers() throws IOException {
        JsonNode golden = GoldenModel.of("llama-mha-tied").json();
        JsonNode expected = golden.get("generation").get("beam3_short");
        Path ids = Files.writeString(
                folder.resolve("ids.json"),
                golden.get("cases").get("short").get("input_ids").toString());
        JsonNode actual = Run.of(generate(
                        "llama-mha-tied",
                        "--input-ids",
                        ids,
                        "--max-new-tokens",
                        12,
                        "--num-beams",
                        3,
                        "--num-return-sequences",
                        3,
                        "--eos-token-id",
                        185))
                .json();
        assertThat(actual.get("token_ids").get(0))
                .isEqualTo(expected.get("new_tokens").get(0));
        assertThat(actual.get("token_ids").get(1).toString()).isEqualTo("[86,185]");
        assertThat(actual.get("finish_reason").toString()).isEqualTo("[\"length\",\"stop\",\"stop\"]");
        for (int b = 0; b < 3; b++) {
            assertThat(actual.get("score").get(b).doubleValue())
                    .isCloseTo(expected.get("sequences_scores").get(b).doubleValue(), within(2e-5));
        }
    }

    @Test
    void likeliestTokensAndStopStringsWhereTheyAreAskedFor() {
        JsonNode plain =
                Run.of(generate("arith-qwen3", "--prompt", "1+2=", "--greedy")).json();
        assertThat(plain.properties().stream().map(java.util.Map.Entry::getKey))
                .containsExactly("token_ids", "text", "finish_reason", "logprobs");
        String first = plain.get("text").textValue().substring(0, 1);
        JsonNode asked = Run.of(generate(
                        "arith-qwen3", "--prompt", "1+2=", "--greedy", "--top-logprobs", 3, "--stop-strings", first))
                .json();
        assertThat(asked.get("token_ids")).hasSize(1);
        assertThat(asked.get("text").textValue()).isEqualTo(first);
        assertThat(asked.get("finish_reason").textValue()).isEqualTo("stop");
        assertThat(asked.get("stop_string").textValue()).isEqualTo(first);
        JsonNode top = asked.get("top_logprobs").get(0);
        assertThat(top).hasSize(3);
        assertThat(top.get(0).get("token").textValue()).isEqualTo(first);
        assertThat(top.get(0).get("token_id")).isEqualTo(asked.get("token_ids").get(0));
        assertThat(top.get(0).get("logprob")).isEqualTo(asked.get("logprobs").get(0));
    }

    @Test
    void severalSamplesOfOnePrompt() {
        Object[] args = generate(
                "llama-gqa", "--prompt", "Hello", "--num-return-sequences", 2, "--max-new-tokens", 5, "--ignore-eos");
        JsonNode both = Run.of(args).json();
        assertThat(both.get("token_ids")).hasSize(2);
        assertThat(both.get("token_ids").get(0))
                .isNotEqualTo(both.get("token_ids").get(1));
        JsonNode one = Run.of(generate("llama-gqa", "--prompt", "Hello", "--max-new-tokens", 5, "--ignore-eos"))
                .json();
        assertThat(one.get("token_ids")).isEqualTo(both.get("token_ids").get(0));
    }

    @Test
    void recommendationsOfTheModelAreTakenAndNamed() {
        Path model = TestPaths.copyModel("llama-gqa", folder);
        dev.jacobian.testing.TestJson.edit(
                model.resolve("generation_config.json"),
                config -> config.put("do_sample", false)
                        .put("temperature", 0.6)
                        .put("max_new_tokens", 3)
                        .put("repetition_penalty", 1.3)
                        .put("no_repeat_ngram_size", 2));
        Run run = Run.of("generate", "--model", model, "--prompt", "Hello", "--json");
        assertThat(run.err())
                .contains("generation_config.json sets do_sample false, max_new_tokens 3, repetition_penalty 1.3,"
                        + " no_repeat_ngram_size 2")
                .doesNotContain("temperature");
        Object[] said = generate("llama-gqa", "--prompt", "Hello", "--greedy", "--repetition-penalty", 1.3);
        assertThat(run.result())
                .isEqualTo(Run.of(with(said, "--max-new-tokens", 3, "--no-repeat-ngram-size", 2))
                        .result());
        Run without = Run.of(
                "generate",
                "--model",
                model,
                "--prompt",
                "Hello",
                "--json",
                "--generation-config",
                "none",
                "--max-new-tokens",
                3,
                "--greedy");
        assertThat(without.result())
                .isEqualTo(Run.of(generate("llama-gqa", "--prompt", "Hello", "--greedy", "--max-new-tokens", 3))
                        .result());
        assertThat(without.err()).doesNotContain("sets");
        dev.jacobian.testing.TestJson.edit(
                model.resolve("generation_config.json"), config -> config.put("guidance_scale", 3.0));
        assertThat(Run.of("generate", "--model", model, "--prompt", "Hello").failure(ExitCode.FAILED))
                .contains("generation_config.json", "guidance_scale", "not supported");
    }

    @ParameterizedTest
    @org.junit.jupiter.params.provider.CsvSource(
            delimiter = '|',
            quoteCharacter = '#',
            value = {
                "--temperature hot | --temperature: 'hot' is not a number",
                "--top-k 1.5 | --top-k: 'top_k' must be an integer, not 1.5",
                "--greedy --temperature 0.5 | --temperature: 'temperature' has no effect. Here nothing is sampled",
                "--greedy --do-sample | --greedy: --do-sample says it too",
                "--greedy --num-beams 2 --top-p 0.5 | --top-p: 'top_p' has no effect",
                "--length-penalty 2 | --length-penalty: 'length_penalty' has no effect",
                "--num-beams 2 --num-return-sequences 3 | num_return_sequences 3 is more than num_beams 2",
                "--greedy --num-return-sequences 2 | greedy decoding gives one sequence",
                "--greedy --penalty-alpha 0.6 | set top_k to 2 or more",
                "--max-length 9 --max-new-tokens 3 | --max-length: 'max_length' has no effect",
                "--early-stopping maybe | --early-stopping: 'maybe' is not true, false or \"never\"",
                "--top-logprobs 3 | --top-logprobs has no effect without --json",
                "--num-beams 2 --prompt-lookup-num-tokens 2 | have no effect on num_beams",
                "--bad-words-ids [1] | 'bad_words_ids' must be an array of arrays of token ids",
                "--suppress-tokens 99999 | names token id 99999, but the model's vocabulary has",
                "--eos-token-id 99999 | names token id 99999, but the model's vocabulary has",
            })
    void settingsThatMakeNoSense(String options, String message) {
        Object[] args = {"generate", "--model", TestPaths.model("llama-gqa"), "--prompt", "x"};
        assertThat(Run.of(with(args, (Object[]) options.split(" "))).failure(ExitCode.USAGE))
                .contains(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"--num-beams 20000000", "--num-beams 20000000 --do-sample"})
    void searchesThatDoNotFitAreRefusedBeforeTheyBegin(String options) {
        Object[] args = {"generate", "--model", TestPaths.model("llama-gqa"), "--prompt", "x", "--max-new-tokens", 8};
        assertThat(Run.of(with(args, (Object[]) options.split(" "))).failure(ExitCode.FAILED))
                .contains("beam search with num_beams 20000000 of up to", "What helps: a num_beams of ");
    }

    @Test
    void everySettingIsAnOption() {
        String help = Run.of("generate", "--help").result();
        for (var key : dev.jacobian.transformer.generation.GenerationKeys.ALL) {
            assertThat(help).contains("--" + key.name().replace('_', '-'));
        }
        Object[] said = generate("llama-gqa", "--prompt", "Hello", "--max-new-tokens", 4, "--ignore-eos");
        JsonNode biased = Run.of(with(said, "--logit-bias", "{\"11\": 100}")).json();
        assertThat(biased.get("token_ids").toString()).isEqualTo("[11,11,11,11]");
        JsonNode contrastive = Run.of(with(said, "--penalty-alpha", 0.6, "--top-k", 4, "--greedy"))
                .json();
        assertThat(contrastive.get("token_ids")).hasSize(4);
        JsonNode drawnBeams = Run.of(with(said, "--num-beams", 2, "--do-sample", "--early-stopping", "never"))
                .json();
        assertThat(drawnBeams.get("token_ids")).hasSize(4);
    }

    private static Object[] with(Object[] args, Object... more) {
        Object[] out = java.util.Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, out, args.length, more.length);
        return out;
    }
}
