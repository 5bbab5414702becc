// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.GoldenModel;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizeCommandTest {
    @TempDir
    Path folder;

    @ParameterizedTest
    @ValueSource(strings = {"llama-gqa", "mistral-swa-f16", "qwen3"})
    void idsAreThoseOfTransformers(String name) throws IOException {
        ArrayNode texts = Json.object().arrayNode();
        ArrayNode expected = texts.arrayNode();
        for (JsonNode text : GoldenModel.of(name).json().get("text").get("cases")) {
            if (text.has("prompt")) {
                texts.add(text.get("prompt"));
                expected.add(text.get("input_ids"));
            }
        }
        assertThat(texts.isEmpty()).isFalse();
        Path file = Files.writeString(folder.resolve("texts.json"), texts.toString());
        assertThat(Run.of("tokenize", "--model", TestPaths.model(name), "--texts", file)
                        .json())
                .isEqualTo(expected);
    }

    @Test
    void decodingUndoesEncoding() {
        Path model = TestPaths.model("llama-gqa");
        String text = "Hello, world! 123 é 😀";
        String ids = Run.withInput(text + "\n", "tokenize", "--model", model, "--no-special-tokens")
                .result();
        assertThat(ids).startsWith("[[").doesNotContain("379");
        assertThat(Run.withInput(ids, "tokenize", "--model", model, "--decode")
                        .json()
                        .get(0)
                        .textValue())
                .isEqualTo(text);
    }

    @Test
    void specialTokensAreDecodedUnlessSkipped() throws IOException {
        Path model = TestPaths.model("llama-gqa");
        Path ids = Files.writeString(folder.resolve("ids.json"), "[[379, 39, 68]]");
        assertThat(Run.of("tokenize", "--model", model, "--decode", "--ids", ids)
                        .json()
                        .get(0)
                        .textValue())
                .isEqualTo("<|begin_of_text|>He");
        assertThat(Run.of("tokenize", "--model", model, "--decode", "--ids", ids, "--skip-special-tokens")
                        .json()
                        .get(0)
                        .textValue())
                .isEqualTo("He");
    }

    @Test
    void onlyOneLineEndOfStandardInputIsDropped() {
        Path model = TestPaths.model("llama-gqa");
        String one = Run.withInput("a", "tokenize", "--model", model).result();
        assertThat(Run.withInput("a\n", "tokenize", "--model", model).result()).isEqualTo(one);
        assertThat(Run.withInput("a\r\n", "tokenize", "--model", model).result())
                .isEqualTo(one);
        assertThat(Run.withInput("a\n\n", "tokenize", "--model", model).result())
                .isNotEqualTo(one);
    }

    @Test
    void saysHowToConvertAnotherForm() throws IOException {
        Files.createFile(folder.resolve("tokenizer.model"));
        assertThat(Run.of("tokenize", "--model", folder).failure(1))
                .contains("tokenizer.json", "tokenizer.model (SentencePiece or tiktoken)", "save_pretrained");
    }
}
