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

    private static Object[] with(Object[] args, Object... more) {
        Object[] out = java.util.Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, out, args.length, more.length);
        return out;
    }
}
