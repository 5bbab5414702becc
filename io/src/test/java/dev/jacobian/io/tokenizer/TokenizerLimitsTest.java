// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A hostile tokenizer.json costs a bounded time and memory, and is called what it is. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class TokenizerLimitsTest {
    private static final String MODEL =
            "\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0,\"b\":1,\"!\":2},\"merges\":[]}";

    @TempDir
    Path folder;

    private static Tokenizer tokenizer(String components) {
        String json = "{" + MODEL + (components.isEmpty() ? "" : "," + components) + "}";
        return TokenizerReader.read(
                Json.parse(json, "tokenizer.json"),
                "tokenizer.json",
                new TokenizerConfig(Map.of(), Map.of(), Json.object()));
    }

    private static Tokenizer splitting(String regex) {
        return tokenizer("\"pre_tokenizer\":{\"type\":\"Split\",\"pattern\":{\"Regex\":"
                + Json.object().textNode(regex) + "},\"behavior\":\"Isolated\",\"invert\":false}");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a*)*\\1b",
                "(.*)*\\1b",
                "(a|a)*b",
                "(a+)+b",
                "(a+)+\\1$",
                "(?:a*)*(?:a*)*(?:a*)*b",
                "a*a*a*a*a*a*b",
                "(?<g>a|aa)+\\k<g>b",
                "(?<=(a{0,20}){0,20}b)c",
                "((a?){30}a{30}){20}b",
                "(?>(a|aa)+)*c\\1",
                "(a|b|ab)*(?=c)",
            })
    void expressionsThatBacktrackForAges(String regex) {
        for (String text : List.of("a".repeat(40) + "!", "ab".repeat(2000) + "!", "a".repeat(20_000) + "!")) {
            try {
                assertThat(splitting(regex).encode(text, false)).isNotEmpty(); // some are quick on some texts
            } catch (FormatException e) {
                assertThat(e)
                        .hasMessageContaining("tokenizer.json")
                        .hasMessageMatching("(?s).*(takes more than|needs more stack|multiply to|is not understood).*");
            }
        }
    }

    @Test
    void theStepsAreNamed() {
        assertThatThrownBy(() -> splitting("(a*)*\\1b").encode("a".repeat(60) + "!", false))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("tokenizer.json", "(a*)*\\1b", "steps on a text of 61 characters");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a{100001}", "(?:(?:){1000}){1000}", "(((a{50}){50}){50}){50}"})
    void countsThatMultiplyBeyondReason(String regex) {
        assertThatThrownBy(() -> splitting(regex))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("counts that multiply");
    }

    @Test
    void groupsNestedTooDeep() {
        assertThatThrownBy(() -> splitting("(".repeat(200_000) + "a" + ")".repeat(200_000)))
                .isInstanceOf(FormatException.class)
                .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(3000));
    }

    @Test
    void ordinaryExpressionsOnLongTextsAreFarFromTheLimit() {
        String prose = "Once upon a time, in 1999,\n\tthere was    a tokenizer!  ".repeat(2000);
        for (String regex : List.of("\\s+$", "\\w+|[^\\w\\s]+|\\s+", "[0-9]+(?:\\.[0-9]+)?", "(?<!x)\\s+", " {2,}")) {
            Work work = new Work("test", prose.length());
            long before = work.stepsLeft();
            new TextPattern.Regex(HuggingFaceRegex.compile(regex, "test"), "test").spans(prose, work);
            assertThat(before - work.stepsLeft()).as(regex).isBetween(1L, before / 5);
        }
    }

    static Set<String> linear() {
        return LinearPatterns.all();
    }

    /** Steps per character on runs of every kind of character, each long enough to show more than linear growth. */
    @ParameterizedTest
    @MethodSource("linear")
    void knownExpressionsTakeFewSteps(String regex) {
        int n = 20_000;
        Pattern same = Pattern.compile(
                "(?:" + HuggingFaceRegex.compile(regex, "test").pattern() + ")",
                HuggingFaceRegex.compile(regex, "test").flags()); // another spelling, which is counted
        for (String unit : List.of(
                " ", "a", "A", "\u02b0", "\u4e00", "1", "!", "\n", "\r\n", " \n", "Aa", "a'", "\u0301", "! ", " a",
                "\t")) {
            for (String end : List.of("", "a", "!", " ", "\n", "\u02b0")) {
                String text = unit.repeat(n / unit.length()) + end;
                Work work = new Work("test", text.length());
                long before = work.stepsLeft();
                new TextPattern.Regex(same, "test").spans(text, work);
                assertThat((before - work.stepsLeft()) / text.length())
                        .as("%s on %s... %s", regex, unit, end)
                        .isLessThan(100);
            }
        }
    }

    @Test
    void knownExpressionsAreNotCounted() {
        for (String regex : LinearPatterns.all()) {
            Work work = new Work("test", 10);
            long before = work.stepsLeft();
            new TextPattern.Regex(HuggingFaceRegex.compile(regex, "test"), "test").spans("Hello, 123", work);
            assertThat(work.stepsLeft()).as(regex).isEqualTo(before);
        }
    }

    private static String sequence(String list, String step, int times) {
        return "{\"type\":\"Sequence\",\"" + list + "\":[" + (step + ",").repeat(times - 1) + step + "]}";
    }

    private static void assertGrowthRefused(String components) {
        Tokenizer bomb = tokenizer(components);
        assertThatThrownBy(() -> bomb.encode("a".repeat(10), true))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("tokenizer.json", "characters of a text of 10");
    }

    @Test
    void normalizersThatDoubleTheText() {
        for (String pattern : List.of("{\"String\":\"a\"}", "{\"Regex\":\"a\"}", "{\"Regex\":\"\"}")) {
            String step = "{\"type\":\"Replace\",\"pattern\":" + pattern + ",\"content\":\"aa\"}";
            assertGrowthRefused("\"normalizer\":" + sequence("normalizers", step, 40));
        }
        String prefix = "{\"type\":\"Prepend\",\"prepend\":\"" + "a".repeat(1000) + "\"}";
        assertGrowthRefused("\"normalizer\":" + sequence("normalizers", prefix, 100));
        String long1 =
                "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"" + "a".repeat(20_000) + "\"}";
        assertGrowthRefused("\"normalizer\":" + long1);
    }

    @Test
    void preTokenizersThatGrow() {
        String bytes = "{\"type\":\"ByteLevel\",\"add_prefix_space\":true,\"use_regex\":false}";
        assertGrowthRefused("\"pre_tokenizer\":" + sequence("pretokenizers", bytes, 60));
    }

    @Test
    void decodersThatGrow() {
        String step = "{\"type\":\"Replace\",\"pattern\":{\"String\":\"a\"},\"content\":\"aa\"}";
        Tokenizer bomb = tokenizer("\"decoder\":" + sequence("decoders", step, 40));
        assertThatThrownBy(() -> bomb.decode(new int[] {0, 0, 0}, false))
                .isInstanceOf(FormatException.class)
                .hasMessageContainingAll("tokenizer.json", "characters of a text of 3");
    }

    @Test
    void addedTokensOfUnreasonableLength() {
        assertThatThrownBy(() -> tokenizer("\"added_tokens\":[{\"id\":3,\"content\":\"" + "a".repeat(5000) + "\"}]"))
                .isInstanceOf(FormatException.class)
                .hasMessageContaining("the added token has 5000 characters");
    }

    // What stands around a text

    private int[] encode(String config, String postProcessor) throws Exception {
        Files.writeString(
                folder.resolve("tokenizer.json"),
                "{" + MODEL + ",\"added_tokens\":[{\"id\":3,\"content\":\"<s>\",\"special\":true},"
                        + "{\"id\":4,\"content\":\"</s>\",\"special\":true}],\"post_processor\":" + postProcessor
                        + "}");
        ObjectNode json = (ObjectNode) Json.parse("{" + config + "}", "config");
        Json.write(
                folder.resolve("tokenizer_config.json"),
                json.put("bos_token", "<s>").put("eos_token", "</s>"));
        return Tokenizer.load(folder).encode("a", true);
    }

    /** As transformers 4: the classes that read the flags build the template anew, the others keep the file's. */
    @Test
    void flagsCountForTheClassesThatReadThem() throws Exception {
        String bos = "{\"type\":\"TemplateProcessing\",\"single\":[{\"SpecialToken\":{\"id\":\"<s>\",\"type_id\":0}},"
                + "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}],\"pair\":[],"
                + "\"special_tokens\":{\"<s>\":{\"id\":\"<s>\",\"ids\":[3],\"tokens\":[\"<s>\"]}}}";
        String llama = "\"tokenizer_class\":\"LlamaTokenizer\",";
        assertThat(encode("", bos)).containsExactly(3, 0);
        assertThat(encode(llama + "\"legacy\":true", bos)).containsExactly(3, 0);
        assertThat(encode(llama + "\"add_bos_token\":true,\"add_eos_token\":false", bos))
                .containsExactly(3, 0);
        assertThat(encode(llama + "\"add_bos_token\":false", bos)).containsExactly(0);
        assertThat(encode(llama + "\"add_bos_token\":false,\"add_eos_token\":true", bos))
                .containsExactly(0, 4);
        assertThat(encode(llama + "\"add_eos_token\":true", bos)).containsExactly(3, 0, 4);
        assertThat(encode(llama + "\"add_bos_token\":true", "null")).containsExactly(3, 0);
        assertThat(encode("\"tokenizer_class\":\"GemmaTokenizerFast\",\"add_eos_token\":true", "null"))
                .containsExactly(3, 0, 4);
        for (String other : List.of("PreTrainedTokenizerFast", "Qwen2Tokenizer")) {
            assertThat(encode(
                            "\"tokenizer_class\":\"" + other + "\",\"add_bos_token\":false,\"add_eos_token\":true",
                            bos))
                    .containsExactly(3, 0);
        }
        assertThatThrownBy(() -> encode(llama + "\"add_bos_token\":\"yes\"", bos))
                .hasMessageContaining("true or false");
        Files.writeString(folder.resolve("special_tokens_map.json"), "{}");
        Json.write(folder.resolve("tokenizer_config.json"), (ObjectNode)
                Json.parse("{" + llama + "\"add_eos_token\":true,\"eos_token\":\"<end>\"}", "config"));
        assertThatThrownBy(() -> Tokenizer.load(folder)).hasMessageContainingAll("add_eos_token", "'<end>' has no id");
    }
}
