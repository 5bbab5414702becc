// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Unigram, WordPiece, whole words, and BPE with affixes, against their definitions. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class ModelsTest {
    private static Tokenizer tokenizer(String model) {
        return TokenizerReader.read(
                Json.parse("{\"model\":" + model + "}", "tokenizer.json"),
                "tokenizer.json",
                new TokenizerConfig(Map.of(), Map.of(), Json.object()));
    }

    private static List<String> tokens(Tokenizer tokenizer, String text) {
        return Arrays.stream(tokenizer.encode(text, false))
                .mapToObj(id -> tokenizer.tokenOf(id).orElseThrow())
                .toList();
    }

    // ---- unigram ----

    private static String unigram(String vocabulary, String more) {
        return "{\"type\":\"Unigram\",\"vocab\":[" + vocabulary + "]" + more + "}";
    }

    /** Every way to spell a short text, with its score, compared with the one that Viterbi finds. */
    @Test
    void theBestSpellingHasTheLargestSum() {
        SplittableRandom random = new SplittableRandom(3);
        for (int round = 0; round < 200; round++) {
            Map<String, Double> scores = new HashMap<>();
            ArrayNode vocabulary = Json.object().arrayNode();
            vocabulary.addArray().add("<unk>").add(0.0);
            while (scores.size() < 12) {
                StringBuilder token = new StringBuilder();
                for (int i = 1 + random.nextInt(4); i > 0; i--) {
                    token.append("abc".charAt(random.nextInt(3)));
                }
                if (scores.putIfAbsent(token.toString(), -random.nextDouble(10)) == null) {
                    vocabulary.addArray().add(token.toString()).add(scores.get(token.toString()));
                }
            }
            ObjectNode model = Json.object().put("type", "Unigram").put("unk_id", 0);
            model.set("vocab", vocabulary);
            Tokenizer tokenizer = tokenizer(Json.compact(model));
            double worst = Math.min(
                    0, scores.values().stream().mapToDouble(d -> d).min().orElseThrow());
            for (int n = 1; n < 9; n++) {
                StringBuilder text = new StringBuilder();
                for (int i = 0; i < n; i++) {
                    text.append("abcd".charAt(random.nextInt(4)));
                }
                double found = 0;
                int at = 0;
                for (int id : tokenizer.encode(text.toString(), false)) {
                    String token = tokenizer.tokenOf(id).orElseThrow();
                    if (id == 0) { // unknown characters, as many as follow before the rest fits again
                        continue;
                    }
                    found += scores.get(token);
                    at += token.length();
                }
                int unknown = n - at;
                found += unknown * (worst - 10);
                assertThat(found)
                        .as("%s in %s", text, scores)
                        .isCloseTo(best(text.toString(), scores, worst - 10), within());
            }
        }
    }

    private static org.assertj.core.data.Offset<Double> within() {
        return org.assertj.core.data.Offset.offset(1e-9);
    }

    private static double best(String text, Map<String, Double> scores, double unknown) {
        if (text.isEmpty()) {
            return 0;
        }
        double best = scores.containsKey(text.substring(0, 1))
                ? Double.NEGATIVE_INFINITY
                : unknown + best(text.substring(1), scores, unknown);
        for (int i = 1; i <= text.length(); i++) {
            Double score = scores.get(text.substring(0, i));
            if (score != null) {
                best = Math.max(best, score + best(text.substring(i), scores, unknown));
            }
        }
        return best;
    }

    @Test
    void unknownCharactersAreOneTokenOrTheirBytes() {
        String vocabulary = "[\"<unk>\",0],[\"a\",-1],[\"ab\",-1.5]";
        assertThat(tokens(tokenizer(unigram(vocabulary, ",\"unk_id\":0")), "a你好ab😀"))
                .containsExactly("a", "<unk>", "ab", "<unk>");
        List<String> bytes = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            bytes.add("[\"%s\",0]".formatted(ByteAlphabet.fallbackToken(b)));
        }
        String more = ",\"unk_id\":0,\"byte_fallback\":true";
        assertThat(tokens(tokenizer(unigram(vocabulary + "," + String.join(",", bytes), more)), "aéb"))
                .containsExactly("a", "<0xC3>", "<0xA9>", "<0x62>");
        bytes.remove(0xA9);
        assertThat(tokens(tokenizer(unigram(vocabulary + "," + String.join(",", bytes), more)), "aéa"))
                .containsExactly("a", "<unk>", "a");
    }

    @Test
    void withoutAnUnknownTokenUnknownTextIsRefused() {
        Tokenizer tokenizer = tokenizer(unigram("[\"a\",-1]", ""));
        assertThat(tokens(tokenizer, "aa")).containsExactly("a", "a");
        assertThatThrownBy(() -> tokenizer.encode("ab", false))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("tokenizer.json", "no token spells 'b'", "unk_id");
    }

    @Test
    void tenMillionCharactersWithoutASpace() {
        Tokenizer tokenizer =
                tokenizer(unigram("[\"<unk>\",0],[\"a\",-2],[\"aa\",-3],[\"aaaa\",-5],[\"b\",-2]", ",\"unk_id\":0"));
        assertThat(tokenizer.encode("a".repeat(10_000_000), false)).hasSize(2_500_000);
        assertThat(tokenizer.encode("x".repeat(10_000_000), false)).containsExactly(0);
        assertThat(tokenizer.encode("xa".repeat(1_000_000), false)).hasSize(2_000_000);
    }

    @Test
    void aVocabularyOfHugeTokensIsStopped() {
        String huge = "[\"" + "a".repeat(100_000) + "b\",-1]";
        Tokenizer tokenizer = tokenizer(unigram("[\"<unk>\",0],[\"a\",-2]," + huge, ",\"unk_id\":0"));
        assertThatThrownBy(() -> tokenizer.encode("a".repeat(200_000), false))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("tokenizer.json", "steps on a text of 200000 characters");
    }

    // ---- WordPiece ----

    private static String wordPiece(String more, String... tokens) {
        ObjectNode vocabulary = Json.object();
        for (int id = 0; id < tokens.length; id++) {
            vocabulary.put(tokens[id], id);
        }
        return "{\"type\":\"WordPiece\",\"vocab\":" + vocabulary + more + "}";
    }

    @Test
    void theLongestTokenFirst() {
        Tokenizer tokenizer = tokenizer(wordPiece("", "[UNK]", "un", "una", "##aff", "##able", "##ffable", "a", "##b"));
        assertThat(tokens(tokenizer, "unaffable")).containsExactly("una", "##ffable");
        assertThat(tokens(tokenizer, "ab")).containsExactly("a", "##b");
        assertThat(tokens(tokenizer, "unb")).containsExactly("un", "##b");
        assertThat(tokens(tokenizer, "unx")).containsExactly("[UNK]"); // the whole word, not its end
        assertThat(tokens(tokenizer, "b")).containsExactly("[UNK]"); // only inside of words
    }

    @Test
    void longWordsAreUnknown() {
        Tokenizer tokenizer = tokenizer(wordPiece(",\"max_input_chars_per_word\":3", "[UNK]", "a", "##a", "##😀"));
        assertThat(tokens(tokenizer, "aaa")).containsExactly("a", "##a", "##a");
        assertThat(tokens(tokenizer, "a😀😀")).containsExactly("a", "##😀", "##😀"); // characters are code points
        assertThat(tokens(tokenizer, "aaaa")).containsExactly("[UNK]");
        Tokenizer endless =
                tokenizer(wordPiece(",\"max_input_chars_per_word\":2000000000", "[UNK]", "a", "##a", "##aa"));
        assertThat(endless.encode("a".repeat(5_000_001), false)).hasSize(2_500_001);
    }

    @Test
    void anotherPrefixAndNone() {
        assertThat(tokens(tokenizer(wordPiece(",\"continuing_subword_prefix\":\"@\"", "[UNK]", "a", "@b")), "abb"))
                .containsExactly("a", "@b", "@b");
        assertThat(tokens(tokenizer(wordPiece(",\"continuing_subword_prefix\":\"\"", "[UNK]", "a", "b")), "abb"))
                .containsExactly("a", "b", "b");
        Tokenizer incomplete = tokenizer(wordPiece("", "a"));
        assertThatThrownBy(() -> incomplete.encode("b", false)).hasMessageContaining("cannot spell 'b'");
    }

    // ---- whole words ----

    @Test
    void wholeWords() {
        Tokenizer tokenizer =
                tokenizer("{\"type\":\"WordLevel\",\"vocab\":{\"yes\":0,\"no\":1,\"?\":2},\"unk_token\":\"?\"}");
        assertThat(tokens(tokenizer, "yes")).containsExactly("yes");
        assertThat(tokens(tokenizer, "yesno")).containsExactly("?");
        assertThatThrownBy(() -> tokenizer("{\"type\":\"WordLevel\",\"vocab\":{\"yes\":0}}")
                        .encode("no", false))
                .hasMessageContaining("'no' is not in the vocabulary");
    }

    /** Files of early versions do not name the model; it shows. */
    @Test
    void modelsWithoutAType() {
        assertThat(tokens(tokenizer("{\"vocab\":[[\"<unk>\",0],[\"a\",-1]],\"unk_id\":0}"), "ab"))
                .containsExactly("a", "<unk>");
        assertThat(tokens(tokenizer("{\"vocab\":{\"a\":0,\"##b\":1},\"max_input_chars_per_word\":9}"), "ab"))
                .containsExactly("a", "##b");
        assertThat(tokens(tokenizer("{\"vocab\":{\"ab\":0},\"unk_token\":\"?\"}"), "ab"))
                .containsExactly("ab");
        assertThat(tokens(tokenizer("{\"vocab\":{\"a\":0,\"b\":1,\"ab\":2},\"merges\":[\"a b\"]}"), "ab"))
                .containsExactly("ab");
    }

    // ---- BPE with affixes ----

    @Test
    void aSuffixMarksTheEndOfAWord() {
        Tokenizer tokenizer =
                tokenizer("{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"b</w>\":2,\"a</w>\":3,\"ab</w>\":4,\"ab\":5},"
                        + "\"merges\":[\"a b</w>\",\"a b\"],\"end_of_word_suffix\":\"</w>\"}");
        assertThat(tokens(tokenizer, "ab")).containsExactly("ab</w>");
        assertThat(tokens(tokenizer, "aba")).containsExactly("ab", "a</w>");
    }

    @Test
    void aPrefixMarksWhatDoesNotBeginAWord() {
        Tokenizer tokenizer = tokenizer("{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"##b\":1,\"##a\":2,\"ab\":3,\"##ab\":4},"
                + "\"merges\":[[\"a\",\"##b\"],[\"##a\",\"##b\"]],\"continuing_subword_prefix\":\"##\"}");
        assertThat(tokens(tokenizer, "abab")).containsExactly("ab", "##ab");
        assertThatThrownBy(() ->
                        tokenizer("{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"continuing_subword_prefix\":\""
                                + "#".repeat(100) + "\"}"))
                .hasMessageContaining("has 100 characters");
    }
}
