// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The YAML that configurations are written in, and the YAML that is refused. */
class YamlTest {
    private static void assertReads(String yaml, String json) {
        assertThat(Yaml.parse(yaml, "a.yml")).isEqualTo(Json.parse(json.getBytes(StandardCharsets.UTF_8), "expected"));
    }

    private static void assertRefused(String yaml, String... words) {
        assertThatThrownBy(() -> Yaml.parse(yaml, "a.yml"))
                .isInstanceOf(FormatException.class)
                .message()
                .contains("a.yml, line ")
                .contains(words);
    }

    @Test
    void mappingsAndLists() {
        assertReads(
                "a: 1\nb:\n  c: x\n  d:\n  - 1\n  - y\ne:\n",
                "{\"a\":1,\"b\":{\"c\":\"x\",\"d\":[1,\"y\"]},\"e\":null}");
        assertReads("- a: 1\n  b: 2\n-   c: 3\n    d:\n      - 4\n", "[{\"a\":1,\"b\":2},{\"c\":3,\"d\":[4]}]");
        assertReads("a:\n- - 1\n  - 2\n-\n  x: 3\nb: 4", "{\"a\":[[1,2],{\"x\":3}],\"b\":4}");
        assertReads("---\n# only\n\na: 1 # one\n", "{\"a\":1}");
        assertReads("", "null");
        assertReads("just text", "\"just text\"");
    }

    @Test
    void scalars() {
        assertReads(
                "[1, -2, +3, 1.5, 1e-3, .5, 5., true, False, ~, null, '1', \"a\\n\", x y, 'it''s', 1.2.3]",
                "[1,-2,3,1.5,0.001,0.5,5.0,true,false,null,null,\"1\",\"a\\n\",\"x y\",\"it's\",\"1.2.3\"]");
        assertReads("[4294967296, 12345678901234567890]", "[4294967296, 12345678901234567890]");
        assertReads("a: {b: [], c: {}, d: 'x, y'}", "{\"a\":{\"b\":[],\"c\":{},\"d\":\"x, y\"}}");
        assertReads("{\"a\": [1, {\"b\": \"c:d\"}]}", "{\"a\":[1,{\"b\":\"c:d\"}]}");
        assertReads("path: /a/b#c\nurl: http://x.y:80/z", "{\"path\":\"/a/b#c\",\"url\":\"http://x.y:80/z\"}");
        assertReads("'a: b': \"c # d\"", "{\"a: b\":\"c # d\"}");
        assertReads("\uFEFFa: 1\r\nb: 2\r\n", "{\"a\":1,\"b\":2}");
        assertReads("a: |\n  two\n  lines\nb: >-\n  one\n  line\n", "{\"a\":\"two\\nlines\\n\",\"b\":\"one line\"}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "yes",
                "No",
                "on",
                "OFF",
                "y",
                "010",
                "-07",
                "0o17",
                "0x1F",
                "0b11",
                "1_000",
                "1:30",
                "190:20:30.15",
                "2001-12-14",
                "2001-12-14t21:59:43.10-05:00",
                ".inf",
                "-.INF",
                ".nan",
                "=",
                "tRUE",
                "00.5",
                "1.0_1",
                "<<"
            })
    @DisplayName("what YAML 1.1 makes another value of stays the text that is written")
    void traps(String text) {
        assertThat(Yaml.parse("[" + text + "]", "a.yml").get(0)).isEqualTo(TextNode.valueOf(text));
        assertThat(Yaml.parse("a: " + text, "a.yml").get("a")).isEqualTo(TextNode.valueOf(text));
    }

    @Test
    void keysAreTextAsTheyAreWritten() {
        assertReads(
                "1: a\n010: b\ntrue: c\n1.0: d\n'': e\n",
                "{\"1\":\"a\",\"010\":\"b\",\"true\":\"c\",\"1.0\":\"d\",\"\":\"e\"}");
        assertRefused("1: a\n'1': b\n", "line 2, column 1", "duplicate key");
    }

    @Test
    void namesStayText() {
        assertThat(Yaml.parseNames("[1.10, 010, true, no, null, ~, 2024-01-01]", "a.yml"))
                .isEqualTo(Yaml.parse("['1.10', '010', 'true', 'no', null, null, '2024-01-01']", "expected"));
    }

    @Test
    @DisplayName("anchors, aliases and merged mappings, as configurations share parameters")
    void anchors() {
        assertReads(
                """
                shared: &half {weight: 0.5, density: 0.3}
                models:
                  - model: a
                    parameters: *half
                  - model: b
                    parameters:
                      <<: *half
                      density: 0.7
                  - {<<: [{c: 1}, {c: 2, d: 3}], e: 4}
                """,
                "{\"shared\":{\"weight\":0.5,\"density\":0.3},\"models\":["
                        + "{\"model\":\"a\",\"parameters\":{\"weight\":0.5,\"density\":0.3}},"
                        + "{\"model\":\"b\",\"parameters\":{\"weight\":0.5,\"density\":0.7}},"
                        + "{\"c\":1,\"d\":3,\"e\":4}]}");
        assertReads("'<<': 1", "{\"<<\":1}");
        assertRefused("a: *x\n", "line 1, column 4", "undefined alias x");
        assertRefused("a: {<<: 1}\n", "line 1, column 9", "expected a mapping");
        assertRefused("a: 1\nb: &x [1, *x]\n", "line 2", "recursive");
        assertRefused("&x {<<: *x}", "line 1", "itself");
    }

    @Test
    void aliasesAreCopiesOfTheirOwn() {
        ObjectNode tree = (ObjectNode) Yaml.parse("a: &x {b: 1}\nc: *x\n", "a.yml");
        ((ObjectNode) tree.get("a")).put("b", 2);
        assertThat(tree.get("c").get("b").intValue()).isEqualTo(1);
    }

    @Test
    @DisplayName("aliases that double and double again, ten billion laughs, are refused at once")
    void laughs() {
        StringBuilder text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 10; i++) {
            text.append("a" + i + ": &a" + i + " [" + ("*a" + (i - 1) + ", ").repeat(10) + "]\n");
        }
        assertRefused(text.toString(), "line 6, column 5", "more than 1000000 values");
        assertRefused("a: &x [1]\nb: [" + "*x, ".repeat(1001) + "]\n", "line 2", "aliases");
        StringBuilder deep = new StringBuilder("a0: &a0 [x]\n");
        for (int i = 1; i < 60; i++) {
            deep.append("a" + i + ": &a" + i + " [*a" + (i - 1) + "]\n");
        }
        assertRefused(deep.toString(), "line 51", "more than 50 levels");
    }

    @Test
    void tags() {
        assertReads(
                "[!!str 1, !!int '2', !!float 3, !!bool 'true', !!null '', !!seq [5], !!map {a: 6}]",
                "[\"1\",2,3.0,true,null,[5],{\"a\":6}]");
        for (String tag : List.of(
                "!!python/object/apply:os.system ['true']",
                "!!java.net.URL ['http://x']",
                "!!javax.script.ScriptEngineManager []",
                "!mine 1",
                "!<tag:x,2000:y> {a: 1}",
                "!!timestamp 2001-01-01",
                "!!binary aGk=",
                "!!set {a}",
                "!!omap [a: 1]",
                "!!seq x",
                "!!map [1]",
                "!!str [1]")) {
            assertRefused("a: 1\nb: " + tag + "\n", "line 2, column 4", "tag", "Remove the tag");
        }
        assertRefused("a: !!int 010", "column 4", "'010' is no whole number");
        assertRefused("a: !!bool yes", "'yes' is neither true nor false");
        assertRefused("a: 1e999", "column 4", "beyond the numbers of a double");
    }

    @Test
    void whatIsNotRead() {
        assertRefused("a: 1\n---\nb: 2\n", "line 2", "another document", "Keep one document");
        assertRefused("a:\n\tb: 1\n", "line 2, column 1", "(TAB)");
        assertRefused("a: 1\nb: 3\na: 2\n", "line 3, column 1", "duplicate key \"a\"", "Keep one");
        assertRefused("{a: 1, a: 2}", "line 1, column 8", "duplicate key");
        assertRefused("a: [1, 2\n", "line 2, column 1", "expected ',' or ']'");
        assertRefused("a: 'x\n", "line 2, column 1", "quoted scalar", "unexpected end of stream");
        assertRefused("a: \"x\\q\"\n", "line 1", "escape");
        assertRefused("a: [1] 2\n", "line 1, column 8");
        assertRefused("a: 1\n  b: 2\n", "line 2, column 4");
        assertRefused("a:\n    b: 1\n  c: 2\n", "line 3, column 3");
        assertRefused("a: 1\nb\n", "line 3, column 1", "could not find expected ':'");
        assertRefused(": 1\n", "line 1, column 1", "block mapping");
        assertRefused("? \n: 1\n", "line 1, column 2", "no key");
        assertRefused("a: 1\n? [b]\n: 2\n", "line 2, column 3", "a key is a list");
        assertRefused("a: 1\nb: x\u0001y\n", "line 2, column 5", "U+0001");
        assertRefused("%YAML 3.0\n---\na: 1\n", "line 1");
        assertRefused("[".repeat(5000), "line 1, column 52", "Nesting Depth", "50");
        assertRefused("- ".repeat(5000) + "1", "Nesting Depth");
        assertRefused(
                "a:\n"
                        + IntStream.range(1, 100)
                                .mapToObj(i -> " ".repeat(i) + "a:\n")
                                .reduce("", String::concat),
                "line 51, column 51",
                "Nesting Depth");
        assertThatThrownBy(() -> Yaml.parse("a".repeat(5 << 20), "a.yml"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("5242880 characters");
    }

    @Test
    void files(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("a.yml"), "a: é\n");
        assertThat(Yaml.read(file).get("a").textValue()).isEqualTo("é");
        Files.write(file, new byte[] {'a', ':', ' ', (byte) 0xE9, '\n'});
        assertThatThrownBy(() -> Yaml.read(file))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("UTF-8");
        assertThatThrownBy(() -> Yaml.read(folder))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("folder");
        assertThatThrownBy(() -> Yaml.read(folder.resolve("none.yml")))
                .isInstanceOf(UncheckedIOException.class)
                .hasMessageContaining("none.yml");
    }

    @Test
    void whateverTheTextNothingButAFormatExceptionComesOut() {
        String[] parts = {
            "a", ":", " ", "\n", "- ", "[", "]", "{", "}", ",", "'", "\"", "#", "1", "\\", "  ", ": ", "&", "---",
            "&a ", "*a", "<<: ", "!", "!!", "|", ">", "?", "%", "\t", "true", "!!set", "..."
        };
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder();
            for (int n = random.nextInt(14); n > 0; n--) {
                text.append(parts[random.nextInt(parts.length)]);
            }
            try {
                assertThat(Yaml.parse(text.toString(), "random")).isNotNull();
            } catch (FormatException e) {
                assertThat(e.getMessage()).contains("line ");
            }
        }
    }
}
