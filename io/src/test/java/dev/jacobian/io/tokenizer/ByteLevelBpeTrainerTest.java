// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.ByteLevelBpeTrainer.Settings;
import dev.jacobian.io.tokenizer.ByteLevelBpeTrainer.Splitting;
import dev.jacobian.testing.TestPaths;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ByteLevelBpeTrainerTest {
    private static final List<String> TEXTS = List.of(
            "low low low low low lower lower newest newest newest newest newest newest widest widest widest",
            "Numbers: 12 + 345 = 357, ünïcode 你好 <|end|> and\n\n\tmore.");

    @TempDir
    Path folder;

    /** Sennrich et al. 2016, section 3.2, up to ties: "es", "est", then "lo", "low" are the first merges. */
    @Test
    void mergesTheMostFrequentPairsFirst() {
        JsonNode merges = ByteLevelBpeTrainer.train(
                        Stream.of(TEXTS.get(0)), Settings.of(261, Splitting.GPT2, "<|end|>"))
                .tokenizer()
                .get("model")
                .get("merges");
        // e-s and s-t occur nine times each, and e has the smaller id; " n" six; l-o and o-w and " l" follow.
        assertThat(merges.toString()).startsWith("[[\"e\",\"s\"],[\"es\",\"t\"]");
        assertThat(merges).hasSize(4);
    }

    @Test
    void whatItMakesLoadsAndComesBack() {
        var result = ByteLevelBpeTrainer.train(
                TEXTS.stream(),
                new Settings(
                        300,
                        Splitting.QWEN2,
                        List.of("<|end|>", "<|begin|>"),
                        Optional.of("<|begin|>"),
                        Optional.of("<|end|>"),
                        Optional.of("<|end|>")));
        result.write(folder);
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertThat(tokenizer.vocabSize()).isEqualTo(300);
        assertThat(tokenizer.eosId()).hasValue(298);
        assertThat(tokenizer.padId()).hasValue(298);
        assertThat(tokenizer.bosId()).hasValue(299);
        assertThat(tokenizer.encode("x", true)[0]).isEqualTo(299);
        for (String text : TEXTS) {
            int[] ids = tokenizer.encode(text, false);
            assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
            assertThat(result.toTokenizer().encode(text, false)).isEqualTo(ids);
        }
        assertThat(tokenizer.encode(" newest", false)).hasSizeLessThan(4);
    }

    @Test
    void splittingDecidesAboutDigits() {
        Stream.Builder<String> numbers = Stream.builder();
        for (int i = 0; i < 2000; i++) {
            numbers.add("1234 ");
        }
        List<String> texts = numbers.build().toList();
        assertThat(encodeWith(Splitting.QWEN2, texts)).hasSize(4);
        assertThat(encodeWith(Splitting.LLAMA3, texts)).hasSize(2);
        assertThat(encodeWith(Splitting.GPT2, texts)).hasSize(1);
    }

    private static int[] encodeWith(Splitting splitting, List<String> texts) {
        return ByteLevelBpeTrainer.train(texts.stream(), Settings.of(300, splitting))
                .toTokenizer()
                .encode("1234", false);
    }

    @Test
    void dependsOnTheTextsButNotOnTheirOrder() {
        List<String> texts = new ArrayList<>();
        Random random = new Random(5);
        for (int i = 0; i < 200; i++) {
            StringBuilder text = new StringBuilder();
            for (int j = 0; j < 30; j++) {
                text.append("abcde fg".charAt(random.nextInt(8)));
            }
            texts.add(text.toString());
        }
        Settings settings = Settings.of(400, Splitting.LLAMA3, "<|end|>");
        String first =
                Json.pretty(ByteLevelBpeTrainer.train(texts.stream(), settings).tokenizer());
        Collections.reverse(texts);
        assertThat(Json.pretty(
                        ByteLevelBpeTrainer.train(texts.stream(), settings).tokenizer()))
                .isEqualTo(first);
    }

    /** The same keys in the same places as a file that Hugging Face's library wrote. */
    @Test
    void hasTheFieldsOfAHuggingFaceFile() {
        JsonNode ours = ByteLevelBpeTrainer.train(TEXTS.stream(), Settings.of(280, Splitting.LLAMA3, "<|end|>"))
                .tokenizer();
        JsonNode theirs = Json.read(TestPaths.testdata("tokenizers", "bytelevel-o200k", "tokenizer.json"));
        assertThat(keys(ours)).isEqualTo(keys(theirs));
        assertThat(keys(ours.get("model"))).containsExactlyInAnyOrderElementsOf(keys(theirs.get("model")));
        assertThat(keys(ours.get("decoder"))).containsExactlyInAnyOrderElementsOf(keys(theirs.get("decoder")));
        assertThat(keys(ours.get("added_tokens").get(0)))
                .isEqualTo(keys(theirs.get("added_tokens").get(0)));
    }

    private static List<String> keys(JsonNode node) {
        List<String> out = new ArrayList<>();
        node.fieldNames().forEachRemaining(out::add);
        return out;
    }

    @Test
    void stopsWhenNothingIsLeftToMerge() {
        assertThat(ByteLevelBpeTrainer.train(Stream.of("ab ab"), Settings.of(5000, Splitting.GPT2, "<e>"))
                        .toTokenizer()
                        .vocabSize())
                .isEqualTo(256 + 2 + 1); // "ab" and " ab"
        assertThat(ByteLevelBpeTrainer.train(Stream.of(), Settings.of(300, Splitting.GPT2))
                        .toTokenizer()
                        .decode(new int[] {64, 65}, false))
                .isEqualTo("ab");
    }

    @Test
    void refusesSettingsThatDoNotFit() {
        assertThatThrownBy(() -> Settings.of(256, Splitting.GPT2, "<e>")).hasMessageContaining("too small");
        assertThatThrownBy(() -> Settings.of(300, Splitting.GPT2, "<e>", "<e>")).hasMessageContaining("differ");
        assertThatThrownBy(() -> new Settings(
                        300, Splitting.GPT2, List.of(), Optional.of("<s>"), Optional.empty(), Optional.empty()))
                .hasMessageContaining("'<s>' must be among");
    }
}
