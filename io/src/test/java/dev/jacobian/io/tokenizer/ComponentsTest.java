// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.jacobian.io.FormatException;
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
    void bertNormalizer() {
        String all = "{\"type\":\"BertNormalizer\",\"clean_text\":true,\"handle_chinese_chars\":true,"
                + "\"strip_accents\":null,\"lowercase\":true}";
        assertThat(normalize(all, "Café\u0000\t\u200BÅ你x\uFFFD\uE000")).isEqualTo("cafe a 你 x");
        assertThat(normalize(all.replace("\"lowercase\":true", "\"lowercase\":false"), "É"))
                .isEqualTo("É");
        assertThat(normalize(all.replace("null", "false"), "É")).isEqualTo("é");
    }

    @Test
    void otherNormalizers() {
        assertThat(normalize("{\"type\":\"StripAccents\"}", "e\u0301\u0903é")).isEqualTo("eé");
        assertThat(normalize("{\"type\":\"Nmt\"}", "a\u0001\u000B\tb\u200Bc\uFEFFd\u0000"))
                .isEqualTo("a b c d\u0000");
        assertThat(normalize("{\"type\":\"ByteLevel\"}", "a é")).isEqualTo("aĠÃ©");
    }

    /** A map of 'a' to "xyz" and of U+00E9 to "e", made by hand: units are label, has-leaf (bit 8) and offset (from bit 10). */
    @Test
    void compiledNormalisationRules() {
        java.nio.ByteBuffer bytes =
                java.nio.ByteBuffer.allocate(4 + 4 * 1024 + 6).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(4 * 1024);
        java.util.function.BiConsumer<Integer, Integer> unit = (index, value) -> bytes.putInt(4 + 4 * index, value);
        unit.accept(0, 256 << 10); // the root's children begin at 256
        unit.accept(256 ^ 'a', 'a' | 1 << 8 | (512 ^ 256 ^ 'a') << 10);
        unit.accept(512, 0x80000000); // its value: the replacement at 0
        unit.accept(256 ^ 0xC3, 0xC3 | (768 ^ 256 ^ 0xC3) << 10);
        unit.accept(768 ^ 0xA9, 0xA9 | 1 << 8 | (513 ^ 768 ^ 0xA9) << 10);
        unit.accept(513, 0x80000000 | 4);
        bytes.position(4 + 4 * 1024).put(new byte[] {'x', 'y', 'z', 0, 'e', 0});
        String rules = "{\"type\":\"Precompiled\",\"precompiled_charsmap\":\""
                + java.util.Base64.getEncoder().encodeToString(bytes.array()) + "\"}";
        assertThat(normalize(rules, "bab é你")).isEqualTo("bxyzb e你");
        assertThat(normalize(rules, "a\u0301b")).isEqualTo("xyzb"); // a grapheme of three bytes that begins with a key
        assertThat(normalize(rules, "a\u0301\u0302\u0303b")).isEqualTo("xyz\u0301\u0302\u0303b"); // of seven bytes
        assertThat(normalize(rules, "a".repeat(1000))).hasSize(3000);
    }

    @Test
    void otherPreTokenizers() {
        assertThat(split("{\"type\":\"BertPreTokenizer\"}", "it's  a-b。"))
                .containsExactly("it", "'", "s", "a", "-", "b", "。");
        assertThat(split("{\"type\":\"Whitespace\"}", "it's a²!? b_1"))
                .containsExactly("it", "'", "s", "a", "²!?", "b_1");
        assertThat(split("{\"type\":\"CharDelimiterSplit\",\"delimiter\":\"-\"}", "a-b--c"))
                .containsExactly("a", "b", "c");
        assertThat(split("{\"type\":\"FixedLength\",\"length\":2}", "a😀b你c")).containsExactly("a😀", "b你", "c");
        assertThat(split("{\"type\":\"UnicodeScripts\"}", "どこで生れ。Yes")).containsExactly("どこで生れ", "。", "Yes");
        assertThat(split("{\"type\":\"UnicodeScripts\"}", " Apples are りんご 林檎"))
                .containsExactly("Apples are ", "りんご 林檎");
    }

    @Test
    void otherDecoders() {
        assertThat(decode(
                        "{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":true}",
                        "##a",
                        "b",
                        "##c",
                        ".",
                        "do",
                        "n't"))
                .isEqualTo("##a bc. don't");
        assertThat(decode("{\"type\":\"WordPiece\",\"prefix\":\"##\",\"cleanup\":false}", "b", "."))
                .isEqualTo("b .");
        assertThat(decode("{\"type\":\"CTC\"}", "<pad>", "h", "h", "<pad>", "h", "|", "|", "i", "<pad>"))
                .isEqualTo("hh i");
        assertThat(decode("{\"type\":\"BPEDecoder\",\"suffix\":\"</w>\"}", "lo", "w</w>", "er</w>"))
                .isEqualTo("low er");
    }

    // ---- special tokens ----

    private static Template template(String component) {
        return Template.read(Json.parse(component, "test"), "test");
    }

    @Test
    void bertAndRobertaPutPairsTogether() {
        int[] a = {5, 6};
        int[] b = {7};
        String tokens = "\"cls\":[\"[CLS]\",1],\"sep\":[\"[SEP]\",2]}";
        Template bert = template("{\"type\":\"BertProcessing\"," + tokens);
        assertThat(bert.apply(a)).containsExactly(1, 5, 6, 2);
        assertThat(bert.applyBefore(a)).containsExactly(1, 5, 6);
        assertThat(bert.applyPair(a, b, true, "test").ids()).containsExactly(1, 5, 6, 2, 7, 2);
        assertThat(bert.applyPair(a, b, true, "test").typeIds()).containsExactly(0, 0, 0, 0, 1, 1);
        assertThat(bert.applyPair(a, b, false, "test").typeIds()).containsExactly(0, 0, 1);
        Template roberta = template("{\"type\":\"RobertaProcessing\",\"trim_offsets\":true," + tokens);
        assertThat(roberta.apply(a)).containsExactly(1, 5, 6, 2);
        assertThat(roberta.applyPair(a, b, true, "test").ids()).containsExactly(1, 5, 6, 2, 2, 7, 2);
        assertThat(roberta.applyPair(a, b, true, "test").typeIds()).containsOnly(0);
    }

    @Test
    void aTemplateWithoutAPlaceForTheSecondTextIsForSingleTexts() {
        Template single =
                template("{\"type\":\"TemplateProcessing\",\"single\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],"
                        + "\"pair\":[{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"special_tokens\":{}}");
        assertThat(single.apply(new int[] {3})).containsExactly(3);
        assertThatThrownBy(() -> single.applyPair(new int[] {3}, new int[] {4}, true, "file"))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("file", "no place for the second text");
    }

    /** Each case is what Hugging Face's library does, and what Java alone would not. */
    @Test
    void charactersAreOfTheVersionsOfUnicodeThatTheLibraryKnows() {
        String dots = "\u0323\u0307"; // below and above: their order is canonical, the other is not
        assertThat(normalize("{\"type\":\"NFC\"}", "q\u0307\u0323")).isEqualTo("q" + dots);
        String newer = "q\u0307\u1DF6\u0323"; // U+1DF6, a mark of Unicode 10, keeps them apart
        assertThat(normalize("{\"type\":\"NFC\"}", newer)).isEqualTo(newer);
        assertThat(normalize("{\"type\":\"NFKC\"}", "\u32FFe\u0301"))
                .isEqualTo("\u32FF\u00E9"); // U+32FF is of Unicode 12
        assertThat(normalize("{\"type\":\"StripAccents\"}", "a\u1DF6\u1CF2")).isEqualTo("a\u1DF6");
        assertThat(normalize("{\"type\":\"Lowercase\"}", "\uA7CE")).isEqualTo("\uA7CF"); // of Unicode 17
        assertThat(split("{\"type\":\"Punctuation\"}", "a\u166Db\u2E52c")).containsExactly("a", "\u166D", "b\u2E52c");
        String digit = Character.toString(0x11DE0); // of Unicode 17
        assertThat(split("{\"type\":\"Digits\"}", "a" + digit)).containsExactly("a", digit);
        assertThat(HuggingFaceRegex.compile("[\\w]", "t").matcher("\u00B2").matches())
                .isTrue();
        assertThat(HuggingFaceRegex.compile("\\W", "t").matcher("\u200D").matches())
                .isTrue();
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
