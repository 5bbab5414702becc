// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The names of {@code tokenizer.ggml.pre} and what they stand for in tokenizer.json: a file names the way in which text is cut before
 * merges, and does not describe it.
 *
 * <p>The patterns are those of the models' own tokenizer.json. A name that is not here cannot be guessed.
 */
final class PreTokenizers {
    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String REST_WITH_SLASH = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String WORD = "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";
    private static final String UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
    private static final String BEFORE = "[^\\r\\n\\p{L}\\p{N}]?";

    private static final String LLAMA3 = CONTRACTIONS + WORD + "|\\p{N}{1,3}" + REST;
    private static final String QWEN2 = CONTRACTIONS + WORD + "|\\p{N}" + REST;
    private static final String TEKKEN =
            BEFORE + UPPER + "*" + LOWER + "+|" + BEFORE + UPPER + "+" + LOWER + "*|\\p{N}" + REST_WITH_SLASH;
    private static final String O200K = BEFORE + UPPER + "*" + LOWER + "+" + CONTRACTIONS + "?|" + BEFORE + UPPER + "+"
            + LOWER + "*" + CONTRACTIONS + "?|\\p{N}{1,3}" + REST_WITH_SLASH;
    private static final List<String> DEEPSEEK_CODER =
            List.of("[\r\n]", "\\s?\\p{L}+", "\\s?\\p{P}+", "[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+", "\\p{N}");
    private static final List<String> DEEPSEEK_V3 = List.of(
            "\\p{N}{1,3}",
            "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+",
            "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+"
                    + "| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+");

    private static final Map<String, Way> WAYS = ways();

    private PreTokenizers() {}

    /**
     * A way to cut text.
     *
     * @param patterns of the cuts, one after the other; none for GPT-2's own
     * @param digits whether digits stand alone, before everything else
     * @param nfc whether text is brought into normal form C first
     * @param whole whether a piece that is a token is taken without merging
     * @param bos whether a text begins with the token of the beginning where the file does not say
     */
    record Way(List<String> patterns, boolean digits, boolean nfc, boolean whole, boolean bos) {
        /** The {@code pre_tokenizer} of tokenizer.json. */
        ObjectNode json() {
            if (patterns.isEmpty() && !digits) {
                return byteLevel(true);
            }
            ObjectNode sequence = Json.object();
            sequence.put("type", "Sequence");
            ArrayNode parts = sequence.putArray("pretokenizers");
            if (digits) {
                parts.addObject().put("type", "Digits").put("individual_digits", true);
            }
            for (String pattern : patterns) {
                ObjectNode split = parts.addObject();
                split.put("type", "Split");
                split.putObject("pattern").put("Regex", pattern);
                split.put("behavior", "Isolated").put("invert", false);
            }
            parts.add(byteLevel(patterns.isEmpty()));
            return sequence;
        }
    }

    private static Map<String, Way> ways() {
        Map<String, Way> ways = new LinkedHashMap<>();
        Way gpt2 = new Way(List.of(), false, false, false, false);
        Way digits = new Way(List.of(), true, false, false, false);
        Way llama3 = new Way(List.of(LLAMA3), false, false, true, true);
        Way qwen2 = new Way(List.of(QWEN2), false, true, false, false);
        Way o200k = new Way(List.of(O200K), false, false, false, false);
        Way cl100k = new Way(List.of(LLAMA3), false, false, false, false);
        ways.put("gpt-2", gpt2);
        ways.put("phi-2", gpt2);
        ways.put("olmo", gpt2);
        ways.put("mpt", gpt2);
        ways.put("smollm", digits);
        ways.put("starcoder", digits);
        ways.put("refact", digits);
        ways.put("codeshell", digits);
        ways.put("command-r", new Way(List.of(), true, true, false, false));
        ways.put("llama-bpe", llama3);
        ways.put("llama3", llama3);
        ways.put("llama-v3", llama3);
        ways.put("dbrx", cl100k);
        ways.put("smaug-bpe", cl100k);
        ways.put("chatglm-bpe", cl100k);
        ways.put("glm4", cl100k);
        ways.put("qwen2", qwen2);
        ways.put("deepseek-r1-qwen", qwen2);
        ways.put("megrez", qwen2);
        ways.put("stablelm2", new Way(List.of(QWEN2), false, false, false, false));
        ways.put("gpt-4o", o200k);
        ways.put("llama4", o200k);
        ways.put("tekken", new Way(List.of(TEKKEN), false, false, true, true));
        ways.put("deepseek-coder", new Way(DEEPSEEK_CODER, false, false, false, false));
        ways.put("deepseek-v3", new Way(DEEPSEEK_V3, false, false, false, false));
        return ways;
    }

    /** The way of a name, if it is known. */
    static Optional<Way> named(String name) {
        return Optional.ofNullable(WAYS.get(name));
    }

    /** All names. */
    static List<String> names() {
        return List.copyOf(WAYS.keySet());
    }

    /**
     * The name of the way in which a tokenizer.json cuts text, if it has one.
     *
     * @param preTokenizer its {@code pre_tokenizer}
     * @param nfc whether its normalizer brings text into normal form C
     * @param whole its {@code ignore_merges}
     */
    static Optional<String> name(JsonNode preTokenizer, boolean nfc, boolean whole) {
        Cuts cuts = Cuts.of(preTokenizer);
        Optional<String> alike = Optional.empty();
        for (Map.Entry<String, Way> entry : WAYS.entrySet()) {
            Way way = entry.getValue();
            if (Cuts.of(way.json()).equals(cuts) && way.whole() == whole) {
                if (way.nfc() == nfc) {
                    return Optional.of(entry.getKey());
                }
                // Normal form C changes few texts; llama.cpp never makes it.
                alike = alike.or(() -> Optional.of(entry.getKey()));
            }
        }
        return alike;
    }

    /** What cuts text, without the differences in spelling that cut alike. */
    private record Cuts(List<String> patterns, boolean digits, boolean gpt2, boolean others) {
        static Cuts of(JsonNode json) {
            List<JsonNode> parts = new ArrayList<>();
            if (json.path("type").asText().equals("Sequence")) {
                json.path("pretokenizers").forEach(parts::add);
            } else {
                parts.add(json);
            }
            List<String> patterns = new ArrayList<>();
            boolean digits = false;
            boolean gpt2 = false;
            boolean others = false;
            for (JsonNode part : parts) {
                boolean removesGaps = part.path("invert").asBoolean()
                        && part.path("behavior").asText().equals("Removed");
                switch (part.path("type").asText()) {
                    case "Digits" -> digits |= part.path("individual_digits").asBoolean();
                    case "ByteLevel" -> {
                        gpt2 |= part.path("use_regex").asBoolean(true);
                        others |= part.path("add_prefix_space").asBoolean(true);
                    }
                    // Patterns that match all of a text cut it the same if what they do not match is removed.
                    case "Split" -> {
                        patterns.add(part.path("pattern").path("Regex").asText());
                        others |=
                                !removesGaps && !part.path("behavior").asText().equals("Isolated");
                    }
                    default -> others = true;
                }
            }
            return new Cuts(patterns, digits, gpt2, others);
        }
    }

    private static ObjectNode byteLevel(boolean regex) {
        ObjectNode json = Json.object();
        json.put("type", "ByteLevel");
        json.put("add_prefix_space", false);
        json.put("trim_offsets", true);
        json.put("use_regex", regex);
        return json;
    }
}
