// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Choices;
import dev.jacobian.testing.fuzz.Fuzz;
import dev.jacobian.testing.fuzz.JsonMutator;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Broken tokenizer.json files: a clear error, or a tokenizer that gives ids for any text and text for any ids. */
class TokenizerFuzzTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String TEXT = "Hello, wörld!  12345 <|x|>\n\t\u0301\uD83D\uDE00 don't \u3000 a\0b </s>";

    /** The two large parts, which are left as they are in most inputs: what is to be broken is all around them. */
    private static final String VOCABULARY = "vocab";

    private static final String MERGES = "merges";

    @TempDir
    Path folder;

    static Stream<Path> tokenizers() throws IOException {
        try (Stream<Path> folders = Files.list(TestPaths.testdata("tokenizers"))) {
            return folders.filter(Files::isDirectory).sorted().toList().stream();
        }
    }

    @ParameterizedTest
    @MethodSource("tokenizers")
    void readsOrSaysWhatIsWrong(Path original) throws IOException {
        JsonNode whole = JSON.readTree(original.resolve("tokenizer.json").toFile());
        Path file = folder.resolve("tokenizer.json");
        int inputs = (int) (Fuzz.inputs(2000) / tokenizers().count()); // so many in all
        int read = Fuzz.run(
                inputs,
                original.getFileName().toString().hashCode(),
                choices -> input(whole, choices),
                input -> {
                    Files.write(file, input);
                    Tokenizer tokenizer = Tokenizer.load(file);
                    tokenizer.decode(tokenizer.encode(TEXT, true), false);
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 100, inputs - inputs / 50);
    }

    private static byte[] input(JsonNode whole, Choices choices) {
        try {
            JsonNode broken;
            if (whole.path("model") instanceof ObjectNode model && !choices.oneIn(5)) {
                ObjectNode light = whole.deepCopy();
                ((ObjectNode) light.path("model")).remove(VOCABULARY);
                ((ObjectNode) light.path("model")).remove(MERGES);
                broken = JsonMutator.mutate(light, choices);
                if (broken.path("model") instanceof ObjectNode kept) {
                    kept.set(VOCABULARY, model.path(VOCABULARY));
                    if (model.has(MERGES)) {
                        kept.set(MERGES, model.path(MERGES));
                    }
                }
            } else {
                broken = JsonMutator.mutate(whole, choices);
            }
            byte[] bytes = JSON.writeValueAsBytes(broken);
            return choices.oneIn(10) ? Bytes.mutate(bytes, choices) : bytes;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
