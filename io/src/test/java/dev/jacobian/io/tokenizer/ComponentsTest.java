// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.io.Json;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ComponentsTest {
    private static List<String> split(String component, String text) {
        List<String> out = new ArrayList<>();
        PreTokenizer.read(Json.parse(component, "test"), "test")
                .split(text, true, out, new Work("test", text.length()));
        return out;
    }

    private static String normalize(String component, String text) {
        return Normalizer.read(Json.parse(component, "test"), "test").normalize(text, new Work("test", text.length()));
    }

    private static String decode(String component, String... tokens) {
        return String.join(
                "",
                TokenDecoder.read(Json.parse(component, "test"), "test").decode(List.of(tokens), new Work("test", 0)));
    }

    /** The examples of the format's documentation. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "Removed            | false | the;final;countdown",
                "Isolated           | false | the;-;final;-;-;countdown",
                "MergedWithPrevious | false | the-;final-;-;countdown",
                "MergedWithNext     | false | the;-final;-;-countdown",
                "Contiguous         | false | the;-;final;--;countdown",
                "Removed            | true  | -;-;-"
            })
    void splitBehaviours(String behavior, boolean invert, String expected) {
        String component = "{\"type\":\"Split\",\"pattern\":{\"String\":\"-\"},\"behavior\":\"%s\",\"invert\":%s}"
                .formatted(behavior, invert);
        assertThat(split(component, "the-final--countdown")).containsExactly(expected.split(";"));
    }

    @Test
    void digits() {
        assertThat(split("{\"type\":\"Digits\",\"individual_digits\":true}", "a12½b"))
                .containsExactly("a", "1", "2", "½", "b");
        assertThat(split("{\"type\":\"Digits\",\"individual_digits\":false}", "a12½b"))
                .containsExactly("a", "12½", "b");
    }

    @Test
    void punctuationAndWhitespace() {
        assertThat(split("{\"type\":\"Punctuation\",\"behavior\":\"Contiguous\"}", "a,$!b「c"))
                .containsExactly("a", ",$!", "b", "「", "c");
        assertThat(split("{\"type\":\"WhitespaceSplit\"}", " a\u00A0b \n c")).containsExactly("a", "b", "c");
    }

    @Test
    void metaspace() {
        assertThat(split("{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"add_prefix_space\":true}", "a b  c"))
                .containsExactly("▁a", "▁b", "▁", "▁c");
        assertThat(split(
                        "{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"never\",\"split\":false}",
                        "a b"))
                .containsExactly("a▁b");
        assertThat(split("{\"type\":\"Metaspace\",\"replacement\":\"▁\"}", " a"))
                .containsExactly("▁a");
    }

    @Test
    void byteLevelAddsASpaceIfAsked() {
        assertThat(split("{\"type\":\"ByteLevel\",\"add_prefix_space\":true}", "a é"))
                .containsExactly("Ġa", "ĠÃ©");
        assertThat(split("{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false}", "a b"))
                .containsExactly("aĠb");
    }

    /** Places where java.util.regex and Oniguruma would differ if nothing were done. */
    @Test
    void regularExpressionsMeanWhatOnigurumaMeans() {
        assertThat(HuggingFaceRegex.compile("\\s", "t").matcher("\u00A0").matches())
                .isTrue();
        assertThat(HuggingFaceRegex.compile("\\s", "t").matcher("\u200B").matches())
                .isFalse();
        assertThat(HuggingFaceRegex.compile("(?i:'s)", "t").matcher("'\u017F").matches())
                .isTrue();
        assertThat(HuggingFaceRegex.compile("[\\p{Han}]+", "t").matcher("你好").matches())
                .isTrue();
        assertThat(HuggingFaceRegex.compile("\\p{^L}", "t").matcher("1").matches())
                .isTrue();
        assertThat(HuggingFaceRegex.compile("\\h+", "t").matcher("fF0").matches())
                .isTrue();
        assertThat(HuggingFaceRegex.compile("a$", "t").matcher("a\nb").find()).isTrue();
        assertThat(HuggingFaceRegex.compile("a$", "t").matcher("a\rb").find()).isFalse();
        assertThat(HuggingFaceRegex.compile(".", "t").matcher("\r").matches()).isTrue();
        assertThat(HuggingFaceRegex.compile("\\p{N}+", "t").matcher("1½Ⅷ").matches())
                .isTrue();
        assertThat(HuggingFaceRegex.compile("\\p{L}+", "t")
                        .matcher("\uD835\uDC9C")
                        .matches())
                .isTrue();
    }

    @Test
    void normalizers() {
        assertThat(normalize("{\"type\":\"NFC\"}", "e\u0301")).isEqualTo("é");
        assertThat(normalize("{\"type\":\"NFKC\"}", "ﬁ①")).isEqualTo("fi1");
        assertThat(normalize("{\"type\":\"Lowercase\"}", "ΑΣ İ ÄB")).isEqualTo("ασ i\u0307 äb");
        assertThat(normalize("{\"type\":\"Prepend\",\"prepend\":\"_\"}", "")).isEmpty();
        assertThat(normalize("{\"type\":\"Strip\",\"strip_left\":true,\"strip_right\":false}", "\u2003 a "))
                .isEqualTo("a ");
        assertThat(normalize("{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\"$1\"}", "a   b c"))
                .isEqualTo("a$1b c");
    }

    @Test
    void decoders() {
        assertThat(decode("{\"type\":\"ByteFallback\"}", "<0xE4>", "<0xBD>", "<0xA0>", "x"))
                .isEqualTo("你x");
        assertThat(decode("{\"type\":\"ByteFallback\"}", "<0xE4>", "<0x41>", "x"))
                .isEqualTo("\uFFFD\uFFFDx");
        assertThat(decode("{\"type\":\"ByteFallback\"}", "<0xZZ>")).isEqualTo("<0xZZ>");
        assertThat(decode("{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":2}", "  a   "))
                .isEqualTo(" a ");
        assertThat(decode("{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"always\"}", "▁a", "▁b"))
                .isEqualTo("a b");
        assertThat(decode("{\"type\":\"Metaspace\",\"replacement\":\"▁\",\"prepend_scheme\":\"never\"}", "▁a", "▁b"))
                .isEqualTo(" a b");
        assertThat(decode("null", "a", "b")).isEqualTo("a b");
    }

    @Test
    void theByteAlphabetIsABijection() {
        boolean[] seen = new boolean[1 << 16];
        for (int b = 0; b < 256; b++) {
            char c = ByteAlphabet.charOf(b);
            assertThat(seen[c]).isFalse();
            seen[c] = true;
            assertThat(ByteAlphabet.byteOf(c)).isEqualTo(b);
        }
        assertThat(ByteAlphabet.charOf(' ')).isEqualTo('Ġ');
        assertThat(ByteAlphabet.charOf('\n')).isEqualTo('Ċ');
        assertThat(ByteAlphabet.charOf(0xAD)).isEqualTo('\u0143');
        assertThat(ByteAlphabet.byteOf('\u0144')).isEqualTo(-1);
    }
}
