// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @TempDir
    Path folder;

    @Test
    void errorsNameFileAndPlace() throws Exception {
        Path file = Files.writeString(folder.resolve("config.json"), "{\"a\": 1,\n \"a\": 2}");
        assertThatThrownBy(() -> Json.read(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("config.json, line 2, column")
                .hasMessageContaining("Duplicate field 'a'");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "  ", "{", "[1,]", "{\"a\":1} x", "[1] [2]", "NaN", "{'a':1}", "// c\n1", "[01]", "\uFEFF{}"
            })
    void rejectsWhatIsNotStrictJson(String text) {
        assertThatThrownBy(() -> Json.parse(text, "here"))
                .isInstanceOf(FormatException.class)
                .hasMessageStartingWith("here");
    }

    @Test
    void rejectsDepthThatWouldOverflowTheStack() {
        assertThatThrownBy(() -> Json.parse("[".repeat(100_000), "here")).isInstanceOf(FormatException.class);
        assertThat(Json.parse("[".repeat(150) + "]".repeat(150), "here")).isNotNull();
    }

    @Test
    void rejectsBytesThatAreNotUtf8() {
        assertThatThrownBy(() -> Json.parse(new byte[] {'"', 'a', (byte) 0xFF, '"'}, "here"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("not UTF-8")
                .hasMessageContaining("offset 2");
        assertThatThrownBy(() -> Json.parse("{}".getBytes(StandardCharsets.UTF_16LE), "here"))
                .isInstanceOf(FormatException.class);
    }

    @Test
    void missingFileIsNamed() {
        assertThatThrownBy(() -> Json.read(folder.resolve("absent.json")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("absent.json");
    }

    @Test
    void prettyIsTwoSpacesInTheOrderOfTheTree() {
        JsonNode tree =
                Json.parse("{\"b\":[1,{\"x\":null}],\"a\":{},\"c\":[],\"é\\n\":\"\\u0001ü\",\"d\":1.5e-5}", "here");
        assertThat(Json.pretty(tree)).isEqualTo("""
            {
              "b": [
                1,
                {
                  "x": null
                }
              ],
              "a": {},
              "c": [],
              "é\\n": "\\u0001ü",
              "d": 1.5E-5
            }
            """);
        assertThat(Json.parse(Json.pretty(tree), "again")).isEqualTo(tree);
    }

    @Test
    void fieldsRejectWhatNobodyRead() {
        JsonFields fields = JsonFields.of(Json.parse("{\"a\":1,\"b\":null,\"c\":\"s\",\"d\":true}", "f"), "f, model");
        assertThat(fields.integer("a")).isEqualTo(1);
        assertThat(fields.string("b", "fallback")).isEqualTo("fallback");
        assertThatThrownBy(() -> fields.integer("c"))
                .hasMessage("f, model: the field 'c' must be an integer, found \"s\". Correct it");
        assertThatThrownBy(() -> fields.string("e")).hasMessageContaining("the field 'e' is missing");
        assertThatThrownBy(fields::finish).hasMessageContaining("the field 'd' is not supported");
        fields.ignore("d").finish();
    }
}
