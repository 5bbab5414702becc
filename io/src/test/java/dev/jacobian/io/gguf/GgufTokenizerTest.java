// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A tokenizer.json to keys and back makes the ids of the oracle, from the lists alone as from the whole. */
class GgufTokenizerTest {
    private static GgufMetadata keys(Path folder, boolean whole, int padding, List<String> remarks) {
        Tokenizer tokenizer = Tokenizer.load(folder);
        GgufWriter out = new GgufWriter();
        int rows = 0;
        while (rows < tokenizer.vocabSize() || tokenizer.tokenOf(rows).isPresent()) {
            rows++;
        }
        JsonNode json = Json.read(folder.resolve("tokenizer.json"));
        remarks.addAll(TokenizerKeys.put(json, tokenizer.config(), rows + padding, out, "tokenizer.json"));
        Map<String, Object> values = new LinkedHashMap<>();
        GgufMetadata all = out.metadata("file");
        all.keys()
                .forEach(key -> values.put(
                        key, all.plain().containsKey(key) ? all.plain().get(key) : list(all, key)));
        // What stands between Phi-3's tokens is known of its architecture.
        values.put("general.architecture", folder.endsWith("phi-3-mini") ? "phi3" : "llama");
        if (!whole) {
            values.remove(GgufTokenizer.WHOLE);
        }
        return new GgufMetadata(values, "file");
    }

    private static Object list(GgufMetadata all, String key) {
        return switch (key) {
            case GgufTokenizer.SCORES -> all.numbers(key).orElseThrow();
            case GgufTokenizer.TYPES -> all.integers(key).orElseThrow();
            default -> all.texts(key).orElseThrow().toArray(String[]::new);
        };
    }

    private static void check(Path folder, Path golden, boolean whole) {
        Tokenizer tokenizer =
                GgufTokenizer.read(keys(folder, whole, 5, new ArrayList<>())).orElseThrow();
        List<String> wrong = new ArrayList<>();
        for (JsonNode oracle : Json.read(golden).get("cases")) {
            String text = oracle.get("text").textValue();
            int[] ids = TestJson.ints(oracle.get("ids"));
            if (!java.util.Arrays.equals(tokenizer.encode(text, true), ids)
                    || !tokenizer
                            .decode(ids, false)
                            .equals(oracle.get("decoded").textValue())) {
                wrong.add(text);
            }
        }
        assertThat(wrong).isEmpty();
        assertThat(tokenizer.tokenOf(tokenizer.vocabSize() + 2)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytelevel-llama3",
                "bytelevel-qwen",
                "bytelevel-o200k",
                "bytelevel-tekken",
                "bytelevel-deepseek-v3"
            })
    @DisplayName("merges over bytes, from the lists")
    void bytes(String name) {
        Path folder = TestPaths.testdata("tokenizers", name);
        check(folder, folder.resolve("golden.json"), false);
    }

    @ParameterizedTest
    @ValueSource(strings = {"bytelevel-llama3", "spm-bytefallback", "spm-gemma", "spm-metaspace"})
    @DisplayName("any, from the whole")
    void whole(String name) {
        Path folder = TestPaths.testdata("tokenizers", name);
        check(folder, folder.resolve("golden.json"), true);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "llama2",
                "mistral-v1",
                "tinyllama",
                "phi-3-mini",
                "llama3",
                "qwen2.5",
                "qwen3",
                "gpt2",
                "deepseek-coder"
            })
    @DisplayName("real vocabularies, from the lists: SentencePiece's scores give its merges back")
    void real(String name) {
        Path root = TestPaths.shared("golden", "tokenizers");
        List<String> remarks = new ArrayList<>();
        keys(root.resolve("real").resolve(name), false, 0, remarks);
        assertThat(remarks).isEmpty();
        check(root.resolve("real").resolve(name), root.resolve("goldens").resolve(name + ".json"), false);
    }

    @Test
    @DisplayName("merges that scores cannot say are told")
    void remarks() {
        List<String> remarks = new ArrayList<>();
        keys(TestPaths.testdata("tokenizers", "spm-bytefallback"), false, 0, remarks);
        assertThat(remarks).singleElement().asString().contains("merges");
    }

    private static GgufMetadata of(Object... pairs) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            values.put((String) pairs[i], pairs[i + 1]);
        }
        return new GgufMetadata(values, "file");
    }

    @Test
    void refusals() {
        String[] tokens = {"a", "b"};
        assertThat(GgufTokenizer.read(of("general.architecture", "llama"))).isEmpty();
        assertThatThrownBy(() -> GgufTokenizer.read(of(GgufTokenizer.MODEL, "rwkv", GgufTokenizer.TOKENS, tokens)))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("'rwkv' is not read");
        assertThatThrownBy(() -> GgufTokenizer.read(of(GgufTokenizer.MODEL, "gpt2", GgufTokenizer.TOKENS, tokens)))
                .hasMessageContaining("tokenizer.ggml.pre", "missing");
        assertThatThrownBy(() -> GgufTokenizer.read(
                        of(GgufTokenizer.MODEL, "gpt2", GgufTokenizer.PRE, "new-one", GgufTokenizer.TOKENS, tokens)))
                .hasMessageContaining("'new-one'", "qwen2");
        assertThatThrownBy(() -> GgufTokenizer.read(of(
                        GgufTokenizer.MODEL,
                        "llama",
                        GgufTokenizer.TOKENS,
                        tokens,
                        GgufTokenizer.SCORES,
                        new double[] {1},
                        GgufTokenizer.ADD_BOS,
                        false)))
                .hasMessageContaining("1 scores for 2 tokens");
        assertThatThrownBy(() -> GgufTokenizer.read(
                        of(GgufTokenizer.MODEL, "gpt2", GgufTokenizer.PRE, "gpt-2", GgufTokenizer.TOKENS, new String[] {
                            "a", "a"
                        })))
                .hasMessageContaining("twice");
        assertThatThrownBy(() -> GgufTokenizer.read(of(
                        GgufTokenizer.MODEL,
                        "gpt2",
                        GgufTokenizer.PRE,
                        "gpt-2",
                        GgufTokenizer.MERGES,
                        new String[0],
                        GgufTokenizer.TOKENS,
                        tokens,
                        GgufTokenizer.ADD_BOS,
                        true,
                        "tokenizer.ggml.bos_token_id",
                        9L)))
                .hasMessageContaining("the id 9 of a vocabulary of 2");
    }

    @Test
    @DisplayName("no token begins or ends answers: an error; none pads: as usual")
    void idsBeyondTheVocabulary() {
        for (String name : List.of("bos", "eos")) {
            String key = "tokenizer.ggml." + name + "_token_id";
            GgufMetadata none = of(GgufTokenizer.TOKENS, new String[] {"a", "b"}, key, 0xFFFF_FFFFL);
            assertThatThrownBy(() -> GgufTokenizer.config(none))
                    .isInstanceOf(FormatException.class)
                    .hasMessageContainingAll("file", key, "the id 4294967295 of a vocabulary of 2");
        }
        GgufMetadata unpadded =
                of(GgufTokenizer.TOKENS, new String[] {"a", "b"}, "tokenizer.ggml.padding_token_id", 0xFFFF_FFFFL);
        assertThat(GgufTokenizer.config(unpadded).has("pad_token")).isFalse();
    }

    @Test
    @DisplayName("WordPiece marks beginnings of words")
    void words() {
        Tokenizer tokenizer = GgufTokenizer.read(of(
                        GgufTokenizer.MODEL,
                        "bert",
                        GgufTokenizer.TOKENS,
                        new String[] {"[UNK]", "[CLS]", "\u2581play", "ing"},
                        GgufTokenizer.TYPES,
                        new long[] {3, 3, 1, 1},
                        "tokenizer.ggml.unknown_token_id",
                        0L,
                        GgufTokenizer.ADD_BOS,
                        false))
                .orElseThrow();
        assertThat(tokenizer.encode("Playing x", true)).containsExactly(2, 3, 0);
    }
}
