// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every text of every oracle: ids, decoded text and streamed text are exactly those of Hugging Face's library. */
class TokenizerGoldenTest {
    /** Of a token with normalized=true the decoded text differs between versions of the library. */
    private static final String VERSION_DEPENDENT = "Norm";

    static Stream<Path> committed() throws IOException {
        try (Stream<Path> folders = Files.list(TestPaths.testdata("tokenizers"))) {
            return folders.filter(Files::isDirectory).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("committed")
    void matchesHuggingFace(Path folder) {
        check(folder, folder.resolve("golden.json"));
    }

    @Test
    void thereAreTokenizersOfEveryKind() throws IOException {
        assertThat(committed()).hasSizeGreaterThanOrEqualTo(11);
    }

    static Stream<String> real() throws IOException {
        Path folder = TestPaths.shared("golden", "tokenizers", "real"); // these vocabularies cannot be published here
        try (Stream<Path> folders = Files.list(folder)) {
            return folders.filter(Files::isDirectory).map(f -> f.getFileName().toString()).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("real")
    void matchesHuggingFaceWithRealVocabularies(String name) {
        Path root = TestPaths.shared("golden", "tokenizers");
        check(root.resolve("real").resolve(name), root.resolve("goldens").resolve(name + ".json"));
    }

    private static void check(Path folder, Path goldenFile) {
        Tokenizer tokenizer = Tokenizer.load(folder);
        JsonNode golden = Json.read(goldenFile);
        assertThat(tokenizer.vocabSize()).isEqualTo(golden.get("vocab_size").intValue());
        assertThat(golden.get("cases")).hasSizeGreaterThan(300);
        Differences differences = new Differences();
        for (JsonNode oracle : golden.get("cases")) {
            checkCase(tokenizer, oracle, differences);
        }
        for (JsonNode oracle : golden.get("pairs")) {
            checkPair(tokenizer, oracle, differences);
        }
        for (JsonNode oracle : golden.get("streaming")) {
            checkStreaming(tokenizer, oracle, differences);
        }
        assertThat(differences.list).isEmpty();
    }

    private static void checkCase(Tokenizer tokenizer, JsonNode oracle, Differences differences) {
        String text = oracle.get("text").textValue();
        int[] ids = ids(oracle.get("ids"));
        int[] bare = oracle.has("ids_no_special") ? ids(oracle.get("ids_no_special")) : ids;
        differences.compare("ids", text, Arrays.toString(tokenizer.encode(text, true)), Arrays.toString(ids));
        differences.compare("bare ids", text, Arrays.toString(tokenizer.encode(text, false)), Arrays.toString(bare));
        OptionalInt versionDependent = tokenizer.idOf(VERSION_DEPENDENT);
        if (folderHasFlags(tokenizer) && Arrays.stream(ids).anyMatch(id -> id == versionDependent.getAsInt())) {
            return;
        }
        String decoded = oracle.get("decoded").textValue();
        differences.compare("decoded", text, tokenizer.decode(ids, false), decoded);
        differences.compare(
                "decoded, special tokens skipped",
                text,
                tokenizer.decode(ids, true),
                oracle.path("decoded_skip_special").asText(decoded));
    }

    private static void checkPair(Tokenizer tokenizer, JsonNode oracle, Differences differences) {
        String first = oracle.get("a").textValue();
        String second = oracle.get("b").textValue();
        Encoding pair = tokenizer.encodePair(first, second, true);
        String text = first + " | " + second;
        differences.compare("ids", text, Arrays.toString(pair.ids()), Arrays.toString(ids(oracle.get("ids"))));
        differences.compare(
                "type ids", text, Arrays.toString(pair.typeIds()), Arrays.toString(ids(oracle.get("type_ids"))));
    }

    private static boolean folderHasFlags(Tokenizer tokenizer) {
        return tokenizer.addedTokens().stream().anyMatch(t -> t.content().equals(VERSION_DEPENDENT));
    }

    private static void checkStreaming(Tokenizer tokenizer, JsonNode oracle, Differences differences) {
        String text = oracle.get("text").textValue();
        int[] ids = ids(oracle.get("ids"));
        StreamingDecoder stream = tokenizer.streamingDecoder(true);
        StringBuilder all = new StringBuilder();
        for (int i = 0; i < ids.length; i++) {
            String piece = stream.push(ids[i]);
            all.append(piece);
            JsonNode expected = oracle.get("stream_pieces").get(i);
            differences.compare("piece " + i, text, piece, expected.isNull() ? "" : expected.textValue());
            differences.compare(
                    "prefix " + i,
                    text,
                    tokenizer.decode(Arrays.copyOf(ids, i + 1), true),
                    oracle.get("prefix_decodes").get(i).textValue());
        }
        all.append(stream.finish());
        differences.compare("stream", text, all.toString(), tokenizer.decode(ids, true));
    }

    /** Collects what differs, so that one run shows all of it. */
    private static final class Differences {
        private final List<String> list = new ArrayList<>();

        void compare(String what, String text, String actual, String expected) {
            if (!actual.equals(expected)) {
                list.add("%s of <%s>: <%s> instead of <%s>".formatted(what, text, actual, expected));
            }
        }
    }

    private static int[] ids(JsonNode array) {
        return IntStream.range(0, array.size())
                .map(i -> array.get(i).intValue())
                .toArray();
    }
}
