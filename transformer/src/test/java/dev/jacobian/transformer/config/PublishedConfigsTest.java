// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.testing.TestJson;
import dev.jacobian.testing.TestPaths;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Configurations with the keys and sizes of published models, in {@code testdata/configs}: each is read without a complaint
 * about a key, and makes a model of as many parameters as the published one has.
 */
class PublishedConfigsTest {
    static Stream<String> names() throws IOException {
        try (Stream<Path> files = Files.list(TestPaths.testdata("configs"))) {
            return files.map(file -> file.getFileName().toString()).sorted().toList().stream();
        }
    }

    private static JsonNode file(String name) {
        return TestJson.read(TestPaths.testdata("configs", name));
    }

    @ParameterizedTest
    @MethodSource("names")
    @DisplayName("reads, and counts the parameters of the published model")
    void parameters(String name) {
        JsonNode file = file(name);
        assertThat(Families.parse(file.get("config"), name).parameters())
                .isEqualTo(file.get("parameters").longValue());
    }

    @ParameterizedTest
    @MethodSource("names")
    @DisplayName("a key that nobody knows is an error that names it, at the top and among the rotary numbers")
    void unknownKeys(String name) {
        ObjectNode config = (ObjectNode) file(name).get("config");
        ObjectNode top = config.deepCopy().put("residual_gain", 2);
        assertThatThrownBy(() -> Families.parse(top, name))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining(name)
                .hasMessageContaining("'residual_gain'");
        for (String key : new String[] {"rope_parameters", "rope_scaling"}) {
            if (config.path(key).isObject()) {
                ((ObjectNode) config.get(key)).put("twist", 2);
                assertThatThrownBy(() -> Families.parse(config, name)).hasMessageContaining("'twist'");
            }
        }
    }

    @Test
    @DisplayName("a number of experts that is missing is asked for by the names that families have for it")
    void missingExperts() {
        ObjectNode config = (ObjectNode) file("qwen3-30b-a3b.json").get("config");
        config.remove("num_experts");
        assertThatThrownBy(() -> Families.parse(config, "f"))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("f: the field", "'num_experts'", "is missing");
    }

    @Test
    @DisplayName("Qwen 3's experts with windows: from which layer on they slide is refused by name")
    void windowsFromLayer() {
        ObjectNode config = (ObjectNode) file("qwen3-30b-a3b.json").get("config");
        config.put("use_sliding_window", true);
        assertThatThrownBy(() -> Families.parse(config, "f")).hasMessageContaining("'max_window_layers'");
    }
}
