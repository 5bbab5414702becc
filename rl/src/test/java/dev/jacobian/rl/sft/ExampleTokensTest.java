// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Demonstrations become the tokens that a model sees and says when it is used. */
class ExampleTokensTest {
    private static final List<SftExample> EXAMPLES = List.of(
            new SftExample("2+2=", "4"),
            new SftExample("2+2=", " 4"),
            new SftExample("2+2= ", "4"),
            new SftExample("Q: who?\n", "Me."),
            new SftExample("Q: who?\n", "\nMe, and  you"),
            new SftExample("a", "bc"),
            new SftExample("hello", "hello world"),
            new SftExample("x =", "= y"),
            new SftExample("Grüße 😀", "😀 zurück"),
            new SftExample("", "alone"),
            new SftExample("no answer", ""));

    private static Tokenizer tokenizer(String name) {
        return Tokenizer.load(TestPaths.testdata("tokenizers", name));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "spm-bytefallback",
                "spm-gemma",
                "spm-metaspace",
                "bytelevel-llama3",
                "bytelevel-qwen",
                "bytelevel-deepseek-v3",
                "bytelevel-tekken"
            })
    @DisplayName("prompt as when it is used, then tokens that decode to the file's text, then one end token")
    void decodeToTheFilesText(String name) {
        Tokenizer tokenizer = tokenizer(name);
        int end = 2;
        ExampleTokens tokens = new ExampleTokens(tokenizer, Set.of(end));
        int before = tokenizer.encodePrompt("").length;
        for (SftExample example : EXAMPLES) {
            ExampleTokens.Encoded encoded = tokens.encode(example);
            int[] all = encoded.tokens();
            int[] prompt = tokenizer.encodePrompt(example.prompt());
            assertThat(Arrays.copyOf(all, encoded.promptLength()))
                    .as(example.toString())
                    .isEqualTo(prompt);
            assertThat(all[all.length - 1]).isEqualTo(end);
            assertThat(tokenizer.decode(Arrays.copyOfRange(all, before, all.length - 1), false))
                    .as(example.toString())
                    .isEqualTo(example.prompt() + example.completion());
            assertThat(encoded.teaches()).isTrue();
        }
    }

    @Test
    @DisplayName("a completion that comes out right for itself keeps its tokens: no run changes that was right before")
    void byteLevelAsBefore() {
        Tokenizer tokenizer = tokenizer("bytelevel-qwen");
        ExampleTokens tokens = new ExampleTokens(tokenizer, Set.of(0));
        for (SftExample example : EXAMPLES) {
            ExampleTokens.Encoded encoded = tokens.encode(example);
            int[] completion = tokenizer.encode(example.completion(), false);
            assertThat(Arrays.copyOfRange(encoded.tokens(), encoded.promptLength(), encoded.tokens().length - 1))
                    .isEqualTo(completion);
        }
    }

    @Test
    @DisplayName("a completion that brings its end token gets no second one, and what stands behind it is not learned")
    void oneEndToken() {
        Tokenizer tokenizer = tokenizer("bytelevel-llama3");
        int eot = tokenizer.idOf("<|eot_id|>").orElseThrow();
        int endOfText = tokenizer.idOf("<|end_of_text|>").orElseThrow();
        ExampleTokens tokens = new ExampleTokens(tokenizer, Set.of(eot, endOfText));
        int[] five = tokenizer.encode("5", false);
        for (String ending :
                List.of("<|eot_id|>", "<|eot_id|>\n", "<|eot_id|><|end_of_text|>", "<|eot_id|><|eot_id|>")) {
            ExampleTokens.Encoded encoded = tokens.encode(new SftExample("Q", "5" + ending));
            assertThat(Arrays.copyOfRange(encoded.tokens(), encoded.promptLength(), encoded.tokens().length))
                    .as(ending)
                    .isEqualTo(new int[] {five[0], eot});
        }
        int[] two = tokens.encode(new SftExample("Q", "5<|eot_id|>6")).tokens();
        assertThat(Set.of(eot, endOfText)).contains(two[two.length - 1]);
        assertThat(two[two.length - 2]).isEqualTo(tokenizer.encode("6", false)[0]);
        assertThatThrownBy(() -> new ExampleTokens(tokenizer, Set.of())).hasMessageContaining("eos_token_id");
    }

    @Test
    @DisplayName("a template that ends texts with a token does not end the prompt")
    void templateWithAnEnd(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("tokenizer.json");
        ObjectNode json = (ObjectNode) Json.read(TestPaths.testdata("tokenizers", "spm-metaspace", "tokenizer.json"));
        ObjectNode template = (ObjectNode) json.get("post_processor");
        ((ArrayNode) template.get("single"))
                .addObject()
                .putObject("SpecialToken")
                .put("id", "</s>")
                .put("type_id", 0);
        ObjectNode special = ((ObjectNode) template.get("special_tokens")).putObject("</s>");
        special.put("id", "</s>").putArray("ids").add(2);
        special.putArray("tokens").add("</s>");
        Json.write(file, json);
        Files.copy(
                TestPaths.testdata("tokenizers", "spm-metaspace", "tokenizer_config.json"),
                folder.resolve("tokenizer_config.json"));
        // without the flags that would make the template anew
        TestJson.edit(
                folder.resolve("tokenizer_config.json"),
                config -> config.remove(List.of("add_bos_token", "add_eos_token")));
        Tokenizer tokenizer = Tokenizer.load(folder);
        int[] whole = tokenizer.encode("2+2=", true);
        assertThat(whole[whole.length - 1]).isEqualTo(2);
        int[] tokens = new ExampleTokens(tokenizer, Set.of(2))
                .encode(new SftExample("2+2=", "4"))
                .tokens();
        assertThat(Arrays.stream(tokens).filter(id -> id == 2).count()).isEqualTo(1);
        assertThat(tokenizer.decode(tokens, true)).isEqualTo("2+2=4");
    }

    @Test
    @DisplayName("rows are named, and can be left out and counted")
    void rows(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("demonstrations.jsonl");
        Files.writeString(
                file,
                "{\"prompt\": \"a\", \"completion\": \"1\"}\n\n{\"prompt\": \"b\", \"completion\": 2}\n"
                        + "{\"prompt\": \"c\", \"completion\": \"3\"}\n{\n");
        assertThatThrownBy(() -> SftDataset.jsonl(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("demonstrations.jsonl, row 2 (line 3)")
                .hasMessageContaining("'completion'");
        SftRows rows = SftDataset.jsonl(file, true);
        assertThat(rows.skipped()).hasSize(2);
        assertThat(rows.allExamples()).containsExactly(new SftExample("a", "1"), new SftExample("c", "3"));
        assertThat(rows.source(rows.allExamples().getLast())).isEqualTo(file + ", row 3 (line 4)");
        assertThat(rows.example(0, 17)).isIn(rows.allExamples());
        Path bad = Files.writeString(folder.resolve("bad.jsonl"), "{}\n{}\n");
        assertThatThrownBy(() -> SftDataset.jsonl(bad, true)).hasMessageContaining("all 2 examples");
    }
}
