// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code generate} with a form for its answer, and with guesses. */
class StructuredGenerateTest {
    private static final String MODEL = TestPaths.model("qwen3").toString();

    @TempDir
    Path folder;

    private static Run generate(String... more) {
        List<String> all = new ArrayList<>(List.of("generate", "--model", MODEL, "--prompt", "Once", "--seed", "3"));
        all.addAll(List.of(more));
        return Run.of(all.toArray());
    }

    private static JsonNode json(String... more) {
        List<String> all = new ArrayList<>(List.of(more));
        all.add("--json");
        return generate(all.toArray(String[]::new)).json();
    }

    @Test
    void answersHaveTheForm() throws Exception {
        assertThat(json("--choice", "yes", "--choice", "no").path("text").asText())
                .isIn("yes", "no");
        assertThat(json("--regex", "[0-9]{3}").path("text").asText()).matches("[0-9]{3}");
        Path schema = folder.resolve("schema.json");
        Files.writeString(
                schema, "{\"type\":\"object\",\"properties\":{\"n\":{\"type\":\"integer\"}},\"required\":[\"n\"]}");
        String text = json("--json-schema", schema.toString()).path("text").asText();
        assertThat(Json.parse(text, "text").path("n").isIntegralNumber()).isTrue();
    }

    @Test
    void formsThatCannotBeAreErrors() throws Exception {
        Path schema = folder.resolve("schema.json");
        Files.writeString(schema, "{\"type\":\"object\",\"properties\":{\"n\":{\"not\":{}}}}");
        assertThat(generate("--json-schema", schema.toString()).failure(1))
                .contains("schema.json, at #/properties/n: the keyword 'not' is not supported");
        assertThat(generate("--regex", "a", "--json-object").failure(2)).contains("exclude each other");
        assertThat(generate("--whitespace-pattern", " ").failure(2)).contains("there is neither");
    }

    @Test
    void guessesChangeNothing() {
        JsonNode plain = json("--max-new-tokens", "12", "--ignore-eos");
        JsonNode assisted = json(
                "--max-new-tokens", "12", "--ignore-eos", "--assistant-model", MODEL, "--num-assistant-tokens", "3");
        JsonNode lookedUp = json("--max-new-tokens", "12", "--ignore-eos", "--prompt-lookup-num-tokens", "3");
        for (JsonNode guessed : List.of(assisted, lookedUp)) {
            for (String key : List.of("token_ids", "text", "finish_reason", "logprobs")) {
                assertThat(guessed.get(key)).isEqualTo(plain.get(key));
            }
            assertThat(guessed.get("accepted_tokens").asInt())
                    .isLessThanOrEqualTo(guessed.get("draft_tokens").asInt());
        }
        assertThat(assisted.get("draft_tokens").asInt()).isGreaterThan(5);
        assertThat(assisted.get("accepted_tokens")).isEqualTo(assisted.get("draft_tokens"));
        assertThat(plain.has("draft_tokens")).isFalse();
    }

    @Test
    void guessesThatCannotBeAreErrors() {
        assertThat(generate("--num-assistant-tokens", "3").failure(2)).contains("--assistant-model");
        assertThat(generate("--prompt-lookup-num-tokens", "0").failure(2)).contains("at least 1");
        String llama = TestPaths.model("llama-gqa").toString();
        assertThat(generate("--assistant-model", llama).failure(1)).contains("for the assistant model");
    }
}
