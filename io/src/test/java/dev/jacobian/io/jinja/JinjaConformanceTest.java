// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.testing.TestPaths;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Small templates, each rendered by Python's Jinja in transformers' environment: the same text, or a failure where that fails. */
class JinjaConformanceTest {
    private static final Clock NOW =
            Clock.fixed(LocalDateTime.of(2026, 7, 4, 9, 5, 3).toInstant(ZoneOffset.UTC), ZoneOffset.UTC);

    @Test
    void rendersOursAsPython() {
        JsonNode golden = Json.read(TestPaths.testdata("chat", "jinja.json"));
        assertThat(golden.get("cases")).hasSizeGreaterThan(140);
        assertThat(differences(golden)).isEmpty();
    }

    @Test
    void rendersAsPython() {
        JsonNode golden = Json.read(TestPaths.shared("golden", "chat", "jinja-conformance.json"));
        assertThat(golden.get("cases")).hasSizeGreaterThan(350);
        assertThat(differences(golden)).isEmpty();
    }

    private static List<String> differences(JsonNode golden) {
        List<String> wrong = new ArrayList<>();
        for (JsonNode oracle : golden.get("cases")) {
            String template = oracle.get("template").textValue();
            String expected =
                    oracle.has("error") ? "failure" : oracle.get("rendered").textValue();
            String found;
            String message = "";
            try {
                found = JinjaTemplate.parse(template)
                        .render((ObjectNode) golden.get("context"), NOW, JinjaLimits.DEFAULT)
                        .text();
            } catch (JinjaException e) {
                found = "failure";
                message = " (" + e.getMessage() + ")";
            }
            if (!found.equals(expected)) {
                wrong.add(template + "\n  expected " + expected + "\n  found    " + found + message);
            }
        }
        return wrong;
    }
}
