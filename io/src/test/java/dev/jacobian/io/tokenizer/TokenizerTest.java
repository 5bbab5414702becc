// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TokenizerTest {
    @TempDir
    Path folder;

    private static Tokenizer committed(String name) {
        return Tokenizer.load(TestPaths.testdata("tokenizers").resolve(name));
    }

    private static ObjectNode json(String name) {
        return (ObjectNode)
                Json.read(TestPaths.testdata("tokenizers").resolve(name).resolve("tokenizer.json"));
    }

    private Tokenizer load(ObjectNode json) {
        Path file = folder.resolve("tokenizer.json");
        Json.write(file, json);
        return Tokenizer.load(file);
    }

    // ---- looking things up ----

    @Test
    void knowsItsTokens() {
        Tokenizer tokenizer = committed("bytelevel-llama3");
        assertThat(tokenizer.vocabSize()).isEqualTo(384);
        assertThat(tokenizer.idLimit()).isEqualTo(384);
        assertThat(tokenizer.idOf("Ġt")).hasValue(256);
        assertThat(tokenizer.idOf("no such token")).isEmpty();
        assertThat(tokenizer.tokenOf(256)).contains("Ġt");
        assertThat(tokenizer.tokenOf(384)).isEmpty();
        assertThat(tokenizer.tokenOf(-1)).isEmpty();
        assertThat(tokenizer.isSpecial(379)).isTrue();
        assertThat(tokenizer.isSpecial(256)).isFalse();
        assertThat(tokenizer.isSpecial(100_000)).isFalse();
        assertThat(tokenizer.bosId()).hasValue(379);
        assertThat(tokenizer.eosId()).hasValue(383);
        assertThat(tokenizer.padId()).isEmpty();
    }

    @Test
    void addedTokensNeedNotBeSpecial() {
        Tokenizer tokenizer = committed("bytelevel-qwen");
        int think = tokenizer.idOf("<think>").getAsInt();
        assertThat(tokenizer.encode("<think>", false)).containsExactly(think);
        assertThat(tokenizer.isSpecial(think)).isFalse();
        assertThat(tokenizer.decode(tokenizer.encode("<think>a<|im_end|>", false), true))
                .isEqualTo("<think>a");
    }

    @Test
    void idsThatNoTokenHasDecodeToNothing() {
        Tokenizer tokenizer = committed("bytelevel-llama3");
        int a = tokenizer.idOf("a").getAsInt();
        assertThat(tokenizer.decode(new int[] {a, 99_999, -5, a}, false)).isEqualTo("aa");
    }

    @Test
    void readsConfigurationInBothSpellings() throws Exception {
        Json.write(folder.resolve("tokenizer.json"), json("bytelevel-llama3"));
        Files.writeString(folder.resolve("tokenizer_config.json"), """
            {"bos_token": {"content": "<|begin_of_text|>", "lstrip": false}, "eos_token": null,
             "pad_token": "<|end_of_text|>", "add_bos_token": true,
             "chat_template": [{"name": "default", "template": "D"}, {"name": "tools", "template": "T"}]}\
            """);
        Tokenizer tokenizer = Tokenizer.load(folder);
        assertThat(tokenizer.bosId()).hasValue(379);
        assertThat(tokenizer.eosId()).isEmpty();
        assertThat(tokenizer.padId()).hasValue(380);
        assertThat(tokenizer.config().chatTemplate()).contains("D");
        assertThat(tokenizer.config().chatTemplates()).containsEntry("tools", "T");
        Files.writeString(folder.resolve("chat_template.jinja"), "J");
        assertThat(Tokenizer.load(folder).config().chatTemplate()).contains("J");
    }

    // ---- text that is not well-behaved ----

    @Test
    void aLoneSurrogateIsAReplacementCharacter() {
        Tokenizer tokenizer = committed("bytelevel-llama3");
        for (String lone : List.of("\uD83D", "\uDE00", "\uDE00\uD83D")) {
            String mended = "a" + "\uFFFD".repeat(lone.length()) + "b";
            assertThat(tokenizer.encode("a" + lone + "b", false)).isEqualTo(tokenizer.encode(mended, false));
        }
        assertThat(tokenizer.decode(tokenizer.encode("\uD83D\uDE00", false), false))
                .isEqualTo("\uD83D\uDE00");
    }

    /** Invalid UTF-8 is replaced as Unicode 16, chapter 3.9 recommends: one U+FFFD for each maximal part. */
    @ParameterizedTest
    @CsvSource({
        "C0 80, ??",
        "E0 80 80, ???",
        "ED A0 80, ???",
        "F0 9F 98, ?",
        "F4 90 80 80, ????",
        "E4 BD 41, ?A",
        "F0 9F E4 BD A0, ?\u4F60",
        "FF 41 80, ?A?",
        "C3 A9 C3, \u00E9?",
        "F0 9F 98 80 F0 80, \uD83D\uDE00??"
    })
    void invalidBytesDecodeAsUnicodeRecommends(String bytes, String expected) {
        Tokenizer tokenizer = committed("bytelevel-llama3");
        int[] ids = Arrays.stream(bytes.split(" "))
                .mapToInt(hex -> tokenizer
                        .idOf(String.valueOf(ByteAlphabet.charOf(Integer.parseInt(hex, 16))))
                        .getAsInt())
                .toArray();
        assertThat(tokenizer.decode(ids, false)).isEqualTo(expected.replace('?', '\uFFFD'));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bytelevel-llama3",
                "bytelevel-deepseek-v3",
                "bytelevel-o200k",
                "bytelevel-tekken",
                "spm-bytefallback",
                "spm-metaspace",
                "spm-gemma"
            })
    void randomTextComesBack(String name) {
        Tokenizer tokenizer = committed(name);
        Random random = new Random(7);
        for (int round = 0; round < 300; round++) {
            String text = randomText(random);
            int[] ids = tokenizer.encode(text, false);
            assertThat(tokenizer.decode(ids, false)).as("round %s", round).isEqualTo(text);
            StreamingDecoder stream = tokenizer.streamingDecoder(false);
            StringBuilder streamed = new StringBuilder();
            for (int id : ids) {
                streamed.append(stream.push(id));
            }
            assertThat(streamed.append(stream.finish()).toString()).isEqualTo(text);
        }
    }

    private static String randomText(Random random) {
        StringBuilder text = new StringBuilder("x"); // Llama 2's kind drops one space at the start
        int length = random.nextInt(40);
        for (int i = 0; i < length; i++) {
            text.appendCodePoint(
                    switch (random.nextInt(8)) {
                        case 0 -> ' ';
                        case 1 -> "\n\r\t\u00A0\u2003.,'!-".charAt(random.nextInt(10));
                        case 2 -> '0' + random.nextInt(10);
                        case 3 -> 0x4E00 + random.nextInt(100);
                        case 4 -> 0x1F600 + random.nextInt(50);
                        case 5 -> 0x300 + random.nextInt(30);
                        default -> 'a' + random.nextInt(26);
                    });
        }
        return text.toString();
    }

    @Test
    void streamingSurvivesIdsThatAreNotText() {
        for (String name : List.of("bytelevel-llama3", "spm-bytefallback", "spm-gemma", "spm-metaspace")) {
            Tokenizer tokenizer = committed(name);
            Random random = new Random(3);
            for (int round = 0; round < 200; round++) {
                int[] ids = random.ints(30, -2, tokenizer.idLimit() + 2).toArray();
                StreamingDecoder stream = tokenizer.streamingDecoder(round % 2 == 0);
                StringBuilder streamed = new StringBuilder();
                for (int id : ids) {
                    streamed.append(stream.push(id));
                }
                streamed.append(stream.finish());
                if (name.startsWith("bytelevel")) { // with byte fallback, bytes already given out can turn invalid
                    assertThat(streamed.toString()).isEqualTo(tokenizer.decode(ids, round % 2 == 0));
                }
            }
        }
    }

    // ---- merging ----

    /** The rule itself: of all pairs take the one of lowest rank, the leftmost of equals, until there is none. */
    @Test
    void heapMergingEqualsTheRule() {
        ObjectNode json = json("spm-bytefallback");
        Tokenizer tokenizer = committed("spm-bytefallback");
        List<String> merges = new java.util.ArrayList<>();
        json.get("model")
                .get("merges")
                .forEach(m -> merges.add(m.get(0).asText() + " " + m.get(1).asText()));
        Random random = new Random(11);
        for (int round = 0; round < 200; round++) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 120; i++) {
                text.append(" etaoinshr".charAt(random.nextInt(10)));
            }
            List<String> symbols = new java.util.ArrayList<>();
            ("▁" + text.toString().replace(' ', '▁')).chars().forEach(c -> symbols.add(Character.toString(c)));
            while (true) {
                int best = Integer.MAX_VALUE;
                int at = -1;
                for (int i = 0; i + 1 < symbols.size(); i++) {
                    int rank = merges.indexOf(symbols.get(i) + " " + symbols.get(i + 1));
                    if (rank >= 0 && rank < best) {
                        best = rank;
                        at = i;
                    }
                }
                if (at < 0) {
                    break;
                }
                symbols.set(at, symbols.get(at) + symbols.remove(at + 1));
            }
            int[] expected =
                    symbols.stream().mapToInt(s -> tokenizer.idOf(s).getAsInt()).toArray();
            assertThat(tokenizer.encode(text.toString(), false)).isEqualTo(expected);
        }
    }

    /** A SentencePiece-like tokenizer gives a document as one piece; quadratic merging would take hours here. */
    @Test
    @Timeout(60)
    void aMillionCharactersAreNoTrouble() {
        for (String name : List.of("spm-bytefallback", "bytelevel-llama3", "bytelevel-o200k", "spm-gemma")) {
            Tokenizer tokenizer = committed(name);
            for (String text : List.of("a".repeat(1_000_000), " ".repeat(1_000_000), "ab 1".repeat(250_000))) {
                int[] ids = tokenizer.encode(text, false);
                assertThat(tokenizer.decode(ids, false)).isEqualTo(text);
            }
        }
    }

    @Test
    void servesManyThreads() throws Exception {
        Tokenizer tokenizer = committed("bytelevel-qwen");
        String text = "The quick brown fox 12345 jumps over über naïve 你好 dogs\n\n".repeat(20);
        int[] expected = tokenizer.encode(text, true);
        try (var pool = Executors.newFixedThreadPool(8)) {
            Callable<int[]> task = () -> tokenizer.encode(text, true);
            for (Future<int[]> result :
                    pool.invokeAll(IntStream.range(0, 64).mapToObj(i -> task).toList())) {
                assertThat(result.get()).isEqualTo(expected);
            }
        }
    }

    @Test
    void unknownCharactersFuseOrNot() {
        ObjectNode json = json("spm-bytefallback");
        ObjectNode model = (ObjectNode) json.get("model");
        model.put("byte_fallback", false);
        assertThat(load(json).encode("x\u4F60\u4F61y", false)).contains(0).hasSize(4);
        model.put("fuse_unk", false);
        assertThat(load(json).encode("x\u4F60\u4F61y", false)).hasSize(5);
        model.putNull("unk_token");
        assertThat(load(json).encode("x\u4F60\u4F61y", false)).hasSize(3);
    }

    // ---- files that are not understood ----

    private void assertRejected(ObjectNode json, String... parts) {
        assertThatThrownBy(() -> load(json))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContainingAll(parts);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "normalizer     | {\"type\":\"Precompiled\",\"precompiled_charsmap\":\"\"} | which do not begin with"
                        + " the size of a trie",
                "normalizer     | {\"type\":\"Precompiled\",\"precompiled_charsmap\":\"?\"} | is not Base64",
                "normalizer     | {\"type\":\"Precompiled\",\"precompiled_charsmap\":\"BAAAAAAAAPA=\"} | points outside"
                        + " of itself",
                "normalizer     | {\"type\":\"NFC\",\"new_option\":true} | 'new_option' is not supported",
                "normalizer     | {\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Nmx\"}]} | normalizers[0]: the"
                        + " normalizer 'Nmx'",
                "normalizer     | {} | 'type' is missing",
                "pre_tokenizer  | {\"type\":\"UnicodeScript\"} | pre-tokenizer 'UnicodeScript' is not supported",
                "pre_tokenizer  | {\"type\":\"FixedLength\",\"length\":0} | the length of pieces is 0",
                "pre_tokenizer  | {\"type\":\"Split\",\"pattern\":{\"Regex\":\"(\"},\"behavior\":\"Isolated\"} | is"
                        + " not understood",
                "pre_tokenizer  | {\"type\":\"Split\",\"pattern\":{\"Regex\":\"a{1,3}+\"},\"behavior\":\"Isolated\"} |"
                        + " after an interval",
                "pre_tokenizer  |"
                        + " {\"type\":\"Split\",\"pattern\":{\"Regex\":\"[[:alpha:]]\"},\"behavior\":\"Isolated\"} |"
                        + " POSIX",
                "pre_tokenizer  | {\"type\":\"Split\",\"pattern\":{\"String\":\" \"},\"behavior\":\"Shredded\"} |"
                        + " 'Shredded' is not known",
                "pre_tokenizer  | {\"type\":\"Metaspace\",\"replacement\":\"__\"} | must be one character",
                "pre_tokenizer  | {\"type\":\"Metaspace\",\"replacement\":\"_\",\"prepend_scheme\":\"last\"} | 'last'"
                        + " is not known",
                "post_processor | {\"type\":\"BertProcessor\"} | post-processor 'BertProcessor' is not supported",
                "post_processor | {\"type\":\"BertProcessing\",\"cls\":[\"a\"],\"sep\":[\"b\",1]} | expected a token"
                        + " and its id",
                "post_processor | {\"type\":\"RobertaProcessing\",\"cls\":[\"a\",99999],\"sep\":[\"b\",1]} | it adds"
                        + " the id 99999",
                "post_processor | {\"type\":\"TemplateProcessing\",\"single\":[],\"special_tokens\":{}} | no place for"
                        + " the text",
                "decoder        | {\"type\":\"WordPieces\"} | decoder 'WordPieces' is not supported",
                "model          | {\"type\":\"Bigram\",\"vocab\":[]} | model 'Bigram' is not supported",
                "model          | {\"type\":\"Unigram\",\"vocab\":{}} | 'vocab' must be",
                "model          | {\"type\":\"Unigram\",\"vocab\":[[\"a\"]]} | expected a token and its score",
                "model          | {\"type\":\"Unigram\",\"vocab\":[[\"a\",-1],[\"a\",-2]]} | occurs a second time",
                "model          | {\"type\":\"Unigram\",\"vocab\":[[\"a\",-1]],\"unk_id\":1} | the unk_id is 1",
                "model          | {\"type\":\"WordPiece\",\"vocab\":{},\"max_input_chars_per_word\":-1} | is -1",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"dropout\":0.1} | 'dropout' is"
                        + " 0.1",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[[\"a\",\"a\"]],"
                        + "\"continuing_subword_prefix\":\"##\"} | without the continuing_subword_prefix",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"shiny\":1} | 'shiny' is not"
                        + " supported",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":0},\"merges\":[]} | id 0 is given to two"
                        + " tokens",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":-1},\"merges\":[]} | '-1' is not a token id",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":2000000000},\"merges\":[]} | is not a token id",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[\"aa\"]} | merges[0]: the merge"
                        + " \"aa\" is not two tokens",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[[\"a\"]]} | is not a pair",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[[\"a\",\"a\"]]} | needs the token"
                        + " 'aa'",
                "model          | {\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[],\"unk_token\":\"?\"} | unk_token"
                        + " '?' is not in",
                "added_tokens   | [{\"id\":1,\"content\":\"Ġt\"}] | the vocabulary gives it 256",
                "added_tokens   | [{\"id\":1,\"content\":\"x\",\"colour\":1}] | 'colour' is not supported",
                "surprise       | 1 | 'surprise' is not supported"
            })
    void rejectsWhatItDoesNotUnderstand(String key, String value, String message) {
        ObjectNode json = json("bytelevel-llama3");
        json.putNull("post_processor");
        json.set(key, Json.parse(value, "test"));
        assertRejected(json, message);
    }

    @Test
    void rejectsATemplateWithAnIdThatNoTokenHas() {
        ObjectNode json = json("bytelevel-llama3");
        JsonNode special = json.findValue("special_tokens").get("<|begin_of_text|>");
        ((ObjectNode) special).putArray("ids").add(9999);
        assertRejected(json, "it adds the id 9999");
    }

    @Test
    void saysHowToMakeAMissingFile() {
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("tokenizer.json")
                .hasMessageContaining("save_pretrained");
    }

    @Test
    void namesTheFormThatIsThereInstead() throws Exception {
        Files.createFile(folder.resolve("tokenizer.model"));
        assertThatThrownBy(() -> Tokenizer.load(folder))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContainingAll(
                        "tokenizer.json", "tokenizer.model (SentencePiece or tiktoken)", "save_pretrained");
    }

    @Test
    void rejectsADamagedFile() throws Exception {
        byte[] bytes = Json.pretty(json("bytelevel-llama3")).getBytes(StandardCharsets.UTF_8);
        Path file = Files.write(folder.resolve("tokenizer.json"), Arrays.copyOf(bytes, bytes.length / 2));
        assertThatThrownBy(() -> Tokenizer.load(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("not valid JSON");
    }

    @Test
    void rejectsADamagedConfiguration() throws Exception {
        Json.write(folder.resolve("tokenizer.json"), json("bytelevel-llama3"));
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"bos_token\": 5}");
        assertThatThrownBy(() -> Tokenizer.load(folder)).hasMessageContaining("bos_token");
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"chat_template\": 5}");
        assertThatThrownBy(() -> Tokenizer.load(folder)).hasMessageContaining("chat_template");
    }
}
