// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.InputFiles;
import dev.jacobian.io.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What {@code tokenizer_config.json}, {@code special_tokens_map.json}, {@code chat_template.jinja} and {@code
 * additional_chat_templates/*.jinja} say.
 *
 * <p>Names and templates are taken from here, and two flags. How text becomes ids is decided by {@code tokenizer.json}, with
 * one exception, which is transformers' own: some tokenizer classes (Llama's, Gemma's and a few more) put around a text what
 * {@code add_bos_token} and {@code add_eos_token} say, whatever {@code tokenizer.json} has. For those classes a flag that is
 * there counts; for all others, such as {@code PreTrainedTokenizerFast} and {@code Qwen2Tokenizer}, which do not look at
 * the flags when they have a tokenizer.json, it does not.
 *
 * @param specialTokens the strings of {@code bos_token}, {@code eos_token}, {@code pad_token} and the other
 *     {@code *_token} fields, by field name
 * @param chatTemplates the Jinja sources by name; the usual one is called {@code default}
 * @param json the whole of {@code tokenizer_config.json}; an empty object if there is no such file
 */
public record TokenizerConfig(Map<String, String> specialTokens, Map<String, String> chatTemplates, ObjectNode json) {
    private static final Set<String> USED = Set.of("bos_token", "eos_token", "pad_token", "unk_token");
    private static final long MAX_TEMPLATE_BYTES = 16 << 20;

    /**
     * The classes of transformers 4 that build the post-processor anew from {@code add_bos_token} and {@code add_eos_token};
     * true for those that add a beginning-of-sequence token when the file does not say.
     */
    private static final Map<String, Boolean> FLAGGED = Map.of(
            "LlamaTokenizer", true,
            "CodeLlamaTokenizer", true,
            "GemmaTokenizer", true,
            "CohereTokenizer", true,
            "GPTNeoXTokenizer", false);

    /** Reads the files of a folder; all of them may be absent. */
    public static TokenizerConfig load(Path directory) {
        ObjectNode json = Json.object();
        Map<String, String> special = new LinkedHashMap<>();
        Map<String, String> templates = new LinkedHashMap<>();
        Path legacy = directory.resolve("special_tokens_map.json");
        if (Files.exists(legacy)) {
            readSpecialTokens(object(legacy), legacy.toString(), special);
        }
        Path file = directory.resolve("tokenizer_config.json");
        if (Files.exists(file)) {
            json = object(file);
            readSpecialTokens(json, file.toString(), special);
            readTemplates(json, file.toString(), templates);
        }
        Map<String, String> files = templateFiles(directory);
        if (!files.isEmpty()) { // newer than the field, so they stand for all of it
            templates = files;
        }
        return new TokenizerConfig(Map.copyOf(special), Map.copyOf(templates), json);
    }

    /**
     * The content of a tokenizer_config.json that stands alone.
     *
     * @param where where it comes from, for messages
     */
    public static TokenizerConfig of(ObjectNode json, String where) {
        Map<String, String> special = new LinkedHashMap<>();
        Map<String, String> templates = new LinkedHashMap<>();
        readSpecialTokens(json, where, special);
        readTemplates(json, where, templates);
        return new TokenizerConfig(Map.copyOf(special), Map.copyOf(templates), json);
    }

    /** The usual chat template. */
    public Optional<String> chatTemplate() {
        return Optional.ofNullable(chatTemplates.get("default"));
    }

    /** What the flags make of the special tokens around a text; empty if {@code tokenizer.json} decides. */
    Optional<Flags> flags() {
        String type = json.path("tokenizer_class").asText("").replaceFirst("Fast$", "");
        Optional<Boolean> bos = flag("add_bos_token");
        Optional<Boolean> eos = flag("add_eos_token");
        if (!FLAGGED.containsKey(type) || bos.isEmpty() && eos.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new Flags(bos.orElse(FLAGGED.get(type) && specialTokens.containsKey("bos_token")), eos.orElse(false)));
    }

    /** Which special tokens stand around a text. */
    record Flags(boolean bos, boolean eos) {}

    private Optional<Boolean> flag(String key) {
        JsonNode value = json.path(key);
        if (value.isMissingNode() || value.isNull()) {
            return Optional.empty();
        }
        if (!value.isBoolean()) {
            throw new FormatException(
                    "tokenizer_config.json, " + key,
                    "expected true or false, found " + Json.excerpt(value),
                    "Correct it");
        }
        return Optional.of(value.booleanValue());
    }

    private static ObjectNode object(Path file) {
        JsonNode json = Json.read(file);
        if (!(json instanceof ObjectNode object)) {
            throw new FormatException(file.toString(), "expected a JSON object", "Fetch the file again");
        }
        return object;
    }

    private static void readSpecialTokens(JsonNode json, String file, Map<String, String> out) {
        json.properties().forEach(entry -> {
            JsonNode value = entry.getValue();
            if (!entry.getKey().endsWith("_token") || value.isNull() || value.isBoolean()) {
                return; // add_bos_token and its like are booleans
            }
            JsonNode content = value.isObject() ? value.path("content") : value;
            if (content.isTextual()) {
                out.put(entry.getKey(), content.textValue());
            } else if (USED.contains(entry.getKey())) {
                throw new FormatException(
                        file + ", " + entry.getKey(),
                        "expected a string or an object with 'content', found " + Json.excerpt(value),
                        "Correct it");
            }
        });
    }

    private static void readTemplates(JsonNode json, String file, Map<String, String> out) {
        JsonNode field = json.path("chat_template");
        if (field.isTextual()) {
            out.put("default", field.textValue());
        } else if (field.isArray()) {
            for (JsonNode entry : field) {
                if (!entry.path("name").isTextual() || !entry.path("template").isTextual()) {
                    throw new FormatException(
                            file + ", chat_template", "each entry needs a 'name' and a 'template'", "Correct it");
                }
                out.put(entry.get("name").textValue(), entry.get("template").textValue());
            }
        } else if (!field.isMissingNode() && !field.isNull()) {
            throw new FormatException(
                    file + ", chat_template", "expected a string or a list of {name, template}", "Correct it");
        }
    }

    /** The templates that are files of their own: the usual one, and those with other names. */
    private static Map<String, String> templateFiles(Path directory) {
        Map<String, String> templates = new LinkedHashMap<>();
        Path usual = directory.resolve("chat_template.jinja");
        if (Files.exists(usual)) {
            templates.put("default", text(usual));
        }
        Path others = directory.resolve("additional_chat_templates");
        if (Files.isDirectory(others)) {
            try (Stream<Path> entries = Files.list(others)) {
                for (Path file : entries.sorted().toList()) {
                    String name = String.valueOf(file.getFileName());
                    if (name.endsWith(".jinja")) {
                        templates.put(name.substring(0, name.length() - ".jinja".length()), text(file));
                    }
                }
            } catch (IOException e) {
                throw new UncheckedIOException("Cannot read " + others + ": " + e.getMessage(), e);
            }
        }
        return templates;
    }

    private static String text(Path file) {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(InputFiles.read(file, MAX_TEMPLATE_BYTES, "chat templates")))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new FormatException(file.toString(), "not UTF-8", "Save the file again in that encoding", e);
        }
    }
}
