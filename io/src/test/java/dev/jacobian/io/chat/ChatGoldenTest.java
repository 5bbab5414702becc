// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.chat;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.TokenizerConfig;
import dev.jacobian.testing.TestPaths;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Real chat templates, each with conversations that transformers rendered: the same text, or a failure where that fails. */
class ChatGoldenTest {
    private static final Clock NOW =
            Clock.fixed(LocalDateTime.of(2026, 7, 4, 9, 5, 3).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);

    @Test
    void rendersAsTransformers() throws IOException {
        Path root = TestPaths.shared("golden", "chat");
        JsonNode index = Json.read(root.resolve("index.json"));
        assertThat(index.get("templates")).hasSizeGreaterThan(30);
        List<String> wrong = new ArrayList<>();
        for (Map.Entry<String, JsonNode> entry : index.get("templates").properties()) {
            JsonNode golden = Json.read(root.resolve(entry.getKey() + ".json"));
            ChatTemplate template = template(root.resolve("templates").resolve(entry.getKey() + ".jinja"), golden);
            for (JsonNode oracle : golden.get("cases")) {
                check(entry.getKey(), template, oracle, index, wrong);
            }
        }
        assertThat(wrong).isEmpty();
    }

    private static ChatTemplate template(Path file, JsonNode golden) throws IOException {
        Map<String, String> special = new LinkedHashMap<>();
        golden.get("special_tokens")
                .properties()
                .forEach(token -> special.put(token.getKey(), token.getValue().textValue()));
        return ChatTemplate.require(
                        new TokenizerConfig(special, Map.of("default", Files.readString(file)), Json.object()),
                        "golden")
                .at(NOW);
    }

    private static void check(String name, ChatTemplate template, JsonNode oracle, JsonNode index, List<String> wrong) {
        ObjectNode json = Json.object();
        json.set(
                "messages",
                index.get("conversations").get(oracle.get("conversation").textValue()));
        json.setAll((ObjectNode) oracle.get("kwargs"));
        json.remove("tools");
        if (oracle.get("kwargs").path("tools").asBoolean()) {
            json.set("tools", index.get("tools"));
        }
        String expected =
                oracle.has("error") ? "failure" : oracle.get("rendered").textValue();
        String found;
        String message = "";
        try {
            found = template.render(Chat.read(json, "golden")).text();
        } catch (FormatException e) {
            found = "failure";
            message = " (" + e.getMessage() + ", not " + oracle.path("message").asText() + ")";
        }
        if (!found.equals(expected)) {
            wrong.add(name + ", " + oracle.get("conversation") + " " + oracle.get("kwargs") + "\n  expected " + expected
                    + "\n  found    " + found + message);
        }
    }
}
