// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.jacobian.io.FormatException;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.testing.fuzz.Bytes;
import dev.jacobian.testing.fuzz.Choices;
import dev.jacobian.testing.fuzz.Fuzz;
import dev.jacobian.testing.fuzz.JsonMutator;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Broken config.json files of all families: a clear error, or a plan whose tensors can be listed. */
class ConfigFuzzTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    @Test
    void readsOrSaysWhatIsWrong() throws IOException {
        List<JsonNode> corpus = new ArrayList<>();
        try (Stream<Path> models = Files.list(TestPaths.testdata("models"))) {
            for (Path model : models.sorted().toList()) {
                corpus.add(JSON.readTree(model.resolve("config.json").toFile()));
            }
        }
        JsonNode text = JSON.readTree(
                TestPaths.model("gemma3-text").resolve("config.json").toFile());
        corpus.add(JSON.createObjectNode().put("model_type", "gemma3").set("text_config", text));
        int inputs = Fuzz.inputs(3000);
        int read = Fuzz.run(
                inputs,
                3,
                choices -> input(corpus, choices),
                input -> {
                    Files.write(folder.resolve("config.json"), input);
                    Families.read(folder).plan().parameters();
                },
                FormatException.class::isInstance);
        assertThat(read).isBetween(inputs / 50, inputs - inputs / 50);
    }

    private static byte[] input(List<JsonNode> corpus, Choices choices) {
        try {
            byte[] bytes = JSON.writeValueAsBytes(JsonMutator.mutate(choices.of(corpus), choices));
            return choices.oneIn(10) ? Bytes.mutate(bytes, choices) : bytes;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
