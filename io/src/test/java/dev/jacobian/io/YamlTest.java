// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

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
                "[1, -2, 1.5, 1e-3, .5, 5., true, No, ~, null, '1', \"a\\n\", x y, 'it''s', 1.2.3]",
                "[1,-2,1.5,0.001,0.5,5.0,true,false,null,null,\"1\",\"a\\n\",\"x y\",\"it's\",\"1.2.3\"]");
        assertReads("a: {b: [], c: {}, d: 'x, y'}", "{\"a\":{\"b\":[],\"c\":{},\"d\":\"x, y\"}}");
        assertReads("{\"a\": [1, {\"b\": \"c:d\"}]}", "{\"a\":[1,{\"b\":\"c:d\"}]}");
        assertReads("path: /a/b#c\nurl: http://x.y:80/z", "{\"path\":\"/a/b#c\",\"url\":\"http://x.y:80/z\"}");
        assertReads("'a: b': \"c # d\"", "{\"a: b\":\"c # d\"}");
    }

    @Test
    void whatIsNotRead() {
        assertRefused("a: &x 1\nb: *x\n", "line 1", "anchor");
        assertRefused("a: !!int 3\n", "tag");
        assertRefused("a: |\n  text\n", "block of text");
        assertRefused("a: 1\n---\nb: 2\n", "line 2", "second document");
        assertRefused("a:\n\tb: 1\n", "tab");
        assertRefused("a: 1\na: 2\n", "'a' is there twice");
        assertRefused("{a: 1, a: 2}", "twice");
        assertRefused("a: [1, 2\n", "not closed");
        assertRefused("a: 'x\n", "not closed");
        assertRefused("a: \"x\\\n", "not closed");
        assertRefused("a: [1] 2\n", "behind a value");
        assertRefused("a: 1\n  b: 2\n", "line 2");
        assertRefused("a:\n    b: 1\n  c: 2\n", "line 3");
        assertRefused("a: 1\nb\n", "no key");
        assertRefused(": 1\n", "line 1");
        assertRefused("[".repeat(5000), "nested");
        assertRefused("- ".repeat(5000) + "1", "nested");
        assertRefused(
                "a:\n"
                        + IntStream.range(1, 100)
                                .mapToObj(i -> " ".repeat(i) + "a:\n")
                                .reduce("", String::concat),
                "levels");
    }

    @Test
    void whateverTheTextNothingButAFormatExceptionComesOut() {
        String[] parts = {
            "a", ":", " ", "\n", "- ", "[", "]", "{", "}", ",", "'", "\"", "#", "1", "\\", "  ", ": ", "&", "---"
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
