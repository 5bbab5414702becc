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
    void aByteOrderMarkAtTheBeginningOfAFileIsNoFault() throws Exception {
        Path file = Files.writeString(folder.resolve("a.json"), "\uFEFF{\"a\": \"\uFEFF\"}");
        assertThat(Json.read(file).get("a").textValue()).isEqualTo("\uFEFF");
        assertThat(Json.parse(Files.readAllBytes(file), "here").size()).isEqualTo(1);
        Files.writeString(file, "\uFEFF\uFEFF{}");
        assertThatThrownBy(() -> Json.read(file)).isInstanceOf(FormatException.class);
    }

    @Test
    void rejectsBytesOfAFileThatAreNotUtf8() throws Exception {
        Path file = Files.write(folder.resolve("a.json"), new byte[] {'[', '"', (byte) 0xC3, (byte) 0xBC, (byte) 0xE2});
        assertThatThrownBy(() -> Json.read(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("a.json", "not UTF-8", "offset 4");
    }

    @ParameterizedTest
    @ValueSource(strings = {"['\\ud83d']", "['a\\udE00']", "{'\\uD83Dx': 1}", "['\\ude00\\ud83d']"})
    void rejectsHalfOfASurrogatePair(String text) {
        assertThatThrownBy(() -> Json.parse(text.replace('\'', '"'), "here"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("here, line 1")
                .hasMessageMatching(".*(half of a character|Broken surrogate pair).*");
    }

    @Test
    void wholePairsAreRead() {
        assertThat(Json.parse("[\"\\ud83d\\ude00\"]", "here").get(0).textValue())
                .isEqualTo("😀");
    }

    @Test
    void numbersOfEverySizeKeepTheirValue() {
        JsonNode numbers = Json.parse("[1, -7, 3000000000, 123456789012345678901234567890, 0.0005, 1e3]", "here");
        assertThat(numbers.get(0).isInt()).isTrue();
        assertThat(numbers.get(2).longValue()).isEqualTo(3_000_000_000L);
        assertThat(numbers.get(3).bigIntegerValue()).hasToString("123456789012345678901234567890");
        assertThat(numbers.get(4).doubleValue()).isEqualTo(0.0005);
        assertThat(numbers.get(5).isIntegralNumber()).isFalse();
        assertThat(numbers).hasToString("[1,-7,3000000000,123456789012345678901234567890,5.0E-4,1000.0]");
    }

    @Test
    void aTreeThatTakesMoreThanItsBudgetIsRefusedWhileItIsBuilt() throws Exception {
        String text = "[" + "{\"a\":0},".repeat(1000) + "0]"; // 280 KB as a tree
        assertThat(tree(text, 1 << 20).size()).isEqualTo(1001);
        assertThatThrownBy(() -> tree(text, 1 << 17)).isInstanceOf(JsonTree.TooLarge.class);
        FormatException told = new JsonTree.TooLarge(2000, 1 << 20).at("here");
        assertThat(told).hasMessageContainingAll("here", "more than 1 MiB (after 2000 values)", "-Xmx");
    }

    private static JsonNode tree(String text, long budget) throws Exception {
        try (var parser = new com.fasterxml.jackson.core.JsonFactory().createParser(text)) {
            return new JsonTree(parser, budget).document();
        }
    }

    @Test
    void excerptsAreShortWhateverTheValue() {
        assertThat(Json.excerpt(Json.parse("{\"a\":[1,null,\"x\"],\"b\":{}}", "here")))
                .isEqualTo("{\"a\":[1,null,\"x\"],\"b\":{}}");
        assertThat(Json.excerpt(Json.parse("[" + "[0],".repeat(100_000) + "1]", "here")))
                .hasSize(60)
                .startsWith("[[0],[0]")
                .endsWith("...");
        assertThat(Json.excerpt(Json.parse("\"" + "x".repeat(1000) + "\"", "here")))
                .hasSize(60);
        assertThat(Json.excerpt(Json.object().path("absent"))).isEqualTo("nothing");
        assertThat(new FormatException("w".repeat(5000), "x", "y")).message().hasSizeLessThan(1100);
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

    @ParameterizedTest
    @ValueSource(strings = {"{", "[[1,", "{\"a\":\"b"})
    void messagesSayNothingOfTheParserInside(String cutShort) {
        assertThatThrownBy(() -> Json.parse(cutShort, "f"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("f, line 1")
                .hasMessageNotContainingAny("REDACTED", "StreamRead", "Source");
        assertThatThrownBy(() -> Json.parse("[".repeat(1000), "f"))
                .hasMessageContaining("nesting depth")
                .hasMessageNotContainingAny("StreamRead", "`");
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
