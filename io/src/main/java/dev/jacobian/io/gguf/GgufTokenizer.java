// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.io.tokenizer.TokenizerConfig;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The tokenizer of a GGUF file as a tokenizer.json and a tokenizer_config.json, which then are read as those of any checkpoint: one
 * tokenizer in the house, and a model that is saved again has its files.
 *
 * <p>Decisions: a whole {@code tokenizer.huggingface.json} wins over everything. Else {@code gpt2} (merges over bytes), {@code llama}
 * (merges by scores) and {@code bert} are put together from the lists; how text is cut before merges is known by the name in
 * {@code tokenizer.ggml.pre} alone ({@link PreTokenizers}), and an unknown one is an error. What a file does not say of an added
 * token, such as whether it swallows the space behind it, is not guessed, but for Phi-3, where it is known. Rows that pad the
 * vocabulary stand for no token.
 */
public final class GgufTokenizer {
    static final String MODEL = "tokenizer.ggml.model";
    static final String PRE = "tokenizer.ggml.pre";
    static final String TOKENS = "tokenizer.ggml.tokens";
    static final String SCORES = "tokenizer.ggml.scores";
    static final String TYPES = "tokenizer.ggml.token_type";
    static final String MERGES = "tokenizer.ggml.merges";
    static final String WHOLE = "tokenizer.huggingface.json";
    static final String TEMPLATE = "tokenizer.chat_template";
    static final String TEMPLATES = "tokenizer.chat_templates";
    static final String ADD_BOS = "tokenizer.ggml.add_bos_token";
    static final String ADD_EOS = "tokenizer.ggml.add_eos_token";
    static final String SPACE_PREFIX = "tokenizer.ggml.add_space_prefix";

    private static final String UNKNOWN_ID = "tokenizer.ggml.unknown_token_id";

    static final int NORMAL = 1;
    static final int UNKNOWN = 2;
    static final int CONTROL = 3;
    static final int USER_DEFINED = 4;
    static final int UNUSED = 5;
    static final int BYTE = 6;

    /** U+2581, SentencePiece's space. */
    static final String SPACE = "\u2581";

    private static final Pattern PADDING = Pattern.compile("\\[PAD\\d+]");

    /** Keys of special tokens, by what tokenizer_config.json calls them. */
    static final Map<String, String> SPECIAL = special();

    /** Keys that may be missing, but must name a token. */
    private static final Set<String> NEVER_NONE = Set.of("tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id");

    /** Control tokens at which every model stops that has them. */
    private static final Set<String> ENDS = Set.of(
            "<|eot_id|>",
            "<|im_end|>",
            "<|end|>",
            "<|return|>",
            "<|call|>",
            "<end_of_turn>",
            "<|endoftext|>",
            "<|eom_id|>");

    /** Ids of a SentencePiece vocabulary whose keys do not name them. */
    private static final Map<String, Integer> SPACES_UNLESS_SAID = Map.of(
            "tokenizer.ggml.bos_token_id", 1, "tokenizer.ggml.eos_token_id", 2, "tokenizer.ggml.unknown_token_id", 0);

    private final GgufMetadata metadata;
    private final List<String> tokens;
    private final long[] types;
    private final Map<String, Integer> ids = new LinkedHashMap<>(); // of the model, without added tokens
    private final boolean bySpaces;
    private final boolean byMerges; // over bytes

    private static Map<String, String> special() {
        Map<String, String> special = new LinkedHashMap<>();
        special.put("bos_token", "tokenizer.ggml.bos_token_id");
        special.put("eos_token", "tokenizer.ggml.eos_token_id");
        special.put("unk_token", "tokenizer.ggml.unknown_token_id");
        special.put("pad_token", "tokenizer.ggml.padding_token_id");
        special.put("sep_token", "tokenizer.ggml.seperator_token_id");
        special.put("mask_token", "tokenizer.ggml.mask_token_id");
        return special;
    }

    private GgufTokenizer(GgufMetadata metadata, List<String> tokens) {
        this.metadata = metadata;
        this.tokens = tokens;
        this.types = metadata.integers(TYPES).orElseGet(() -> new long[tokens.size()]);
        this.bySpaces = model(metadata).equals("llama");
        this.byMerges = model(metadata).equals("gpt2");
        if (types.length != tokens.size()) {
            throw metadata.bad(TYPES, types.length + " types for " + tokens.size() + " tokens");
        }
    }

    /** The content of tokenizer.json; empty if the file has no tokenizer. */
    public static Optional<ObjectNode> json(GgufMetadata metadata) {
        Optional<String> whole = metadata.text(WHOLE);
        if (whole.isPresent()) {
            JsonNode json =
                    Json.parse(whole.get().getBytes(StandardCharsets.UTF_8), metadata.where() + ", key " + WHOLE);
            if (json instanceof ObjectNode object) {
                return Optional.of(object);
            }
            throw metadata.bad(WHOLE, "it is no JSON object");
        }
        if (!metadata.has(TOKENS)
                || model(metadata).equals("none")
                || model(metadata).equals("no_vocab")) {
            return Optional.empty();
        }
        return Optional.of(new GgufTokenizer(metadata, metadata.texts(TOKENS).orElseThrow()).build());
    }

    /** The content of tokenizer_config.json: special tokens, and chat templates. */
    public static ObjectNode config(GgufMetadata metadata) {
        ObjectNode config = Json.object();
        List<String> tokens = metadata.texts(TOKENS).orElse(List.of());
        SPECIAL.forEach(
                (name, key) -> special(metadata, key, tokens).ifPresent(id -> config.put(name, tokens.get(id))));
        Optional<String> usual = metadata.text(TEMPLATE);
        List<String> names = metadata.texts(TEMPLATES).orElse(List.of());
        if (names.isEmpty()) {
            usual.ifPresent(template -> config.put("chat_template", template));
            return config;
        }
        ArrayNode templates = config.putArray("chat_template");
        usual.ifPresent(template -> templates.addObject().put("name", "default").put("template", template));
        for (String name : names) {
            metadata.text(TEMPLATE + "." + name)
                    .ifPresent(
                            template -> templates.addObject().put("name", name).put("template", template));
        }
        return config;
    }

    /** The tokenizer; empty if the file has none. */
    public static Optional<Tokenizer> read(GgufMetadata metadata) {
        return json(metadata)
                .map(json -> Tokenizer.of(
                        json,
                        metadata.where() + ", tokenizer",
                        TokenizerConfig.of(config(metadata), metadata.where() + ", tokenizer")));
    }

    /** The ids that end a sequence: those that keys name, and control tokens that are known for it. */
    public static List<Integer> endTokens(GgufMetadata metadata) {
        Set<Integer> ends = new LinkedHashSet<>();
        List<String> tokens = metadata.texts(TOKENS).orElse(List.of());
        for (String key :
                List.of("tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id")) {
            if (tokens.isEmpty()) {
                metadata.integer(key).ifPresent(ends::add); // a model without a tokenizer may say it all the same
            } else {
                special(metadata, key, tokens).ifPresent(ends::add);
            }
        }
        long[] types = metadata.integers(TYPES).orElse(new long[0]);
        for (int id = 0; id < Math.min(types.length, tokens.size()); id++) {
            if (types[id] == CONTROL && ENDS.contains(tokens.get(id))) {
                ends.add(id);
            }
        }
        return List.copyOf(ends);
    }

    /**
     * The id of a special token, if there is one. Writers put the largest number for none, as for padding; where an answer begins or
     * ends is too much to lose by it.
     */
    private static Optional<Integer> special(GgufMetadata metadata, String key, List<String> tokens) {
        Object value = metadata.plain().get(key);
        if (value instanceof Long id && (id == 0xFFFF_FFFFL || id == -1)) {
            if (NEVER_NONE.contains(key) && !tokens.isEmpty()) {
                throw metadata.bad(key, "the id " + id + " of a vocabulary of " + tokens.size());
            }
            return Optional.empty();
        }
        Optional<Integer> id = metadata.integer(key);
        if (id.isEmpty() && metadata.text(MODEL).orElse("").equals("llama")) {
            id = Optional.ofNullable(SPACES_UNLESS_SAID.get(key));
        }
        if (id.isPresent() && id.get() >= tokens.size() && !tokens.isEmpty()) {
            throw metadata.bad(key, "the id " + id.get() + " of a vocabulary of " + tokens.size());
        }
        return tokens.isEmpty() ? Optional.empty() : id;
    }

    private static String model(GgufMetadata metadata) {
        return metadata.requireText(MODEL);
    }

    private ObjectNode build() {
        ObjectNode json = Json.object();
        json.put("version", "1.0");
        ArrayNode added = json.putArray("added_tokens");
        for (int id = 0; id < tokens.size(); id++) {
            long type = types[id];
            if (type == UNUSED && PADDING.matcher(tokens.get(id)).matches()) {
                continue;
            }
            if (type == CONTROL || type == USER_DEFINED || type == UNKNOWN) {
                addToken(added, id, type != USER_DEFINED);
            }
            // The vocabulary of merges over bytes need not have tokens that no merge makes; the others have them.
            if (type != CONTROL && type != USER_DEFINED || !byMerges) {
                if (ids.putIfAbsent(tokens.get(id), id) != null) {
                    throw metadata.bad(
                            TOKENS, "the token '" + tokens.get(id) + "' is there twice, the second time as " + id);
                }
            }
        }
        switch (model(metadata)) {
            case "gpt2" -> bytes(json);
            case "llama" -> spaces(json);
            case "bert" -> words(json);
            default ->
                throw metadata.bad(
                        MODEL,
                        "the tokenizer '" + model(metadata)
                                + "' is not read; gpt2, llama and bert are, and any in tokenizer.huggingface.json");
        }
        return json;
    }

    private void addToken(ArrayNode added, int id, boolean special) {
        // Known of Phi-3 alone: what stands between its tokens and the text is swallowed by those that a template
        // writes.
        boolean swallows = bySpaces
                && metadata.text("general.architecture").orElse("").equals("phi3")
                && (tokens.get(id).startsWith("<|") && !tokens.get(id).equals("<|endoftext|>")
                        || tokens.get(id).equals("</s>"));
        ObjectNode token = added.addObject();
        token.put("id", id);
        token.put("content", tokens.get(id));
        token.put("single_word", false);
        token.put("lstrip", false);
        token.put("rstrip", swallows);
        token.put("normalized", false);
        token.put("special", special);
    }

    /** Merges over bytes. */
    private void bytes(ObjectNode json) {
        String name = metadata.text(PRE)
                .orElseThrow(() -> metadata.bad(
                        PRE,
                        "the key is missing, so it is not known how text is cut before merges; convert the model with a"
                                + " newer program"));
        PreTokenizers.Way way = PreTokenizers.named(name)
                .orElseThrow(() -> metadata.bad(
                        PRE,
                        "the way '" + name + "' to cut text is not known; known are "
                                + String.join(", ", PreTokenizers.names())));
        if (way.nfc()) {
            json.putObject("normalizer").put("type", "NFC");
        }
        json.set("pre_tokenizer", way.json());
        around(json, metadata.flag(ADD_BOS).orElse(way.bos()));
        json.putObject("decoder")
                .put("type", "ByteLevel")
                .put("add_prefix_space", true)
                .put("trim_offsets", true)
                .put("use_regex", true);
        ObjectNode model = model(json, "BPE").put("ignore_merges", way.whole());
        ArrayNode merges = model.putArray("merges");
        for (String merge : metadata.texts(MERGES).orElseThrow(() -> metadata.missing(MERGES))) {
            int space = merge.indexOf(' ', 1); // a symbol may begin with one
            if (space < 0) {
                throw metadata.bad(MERGES, "the merge '" + merge + "' is not two tokens");
            }
            merges.addArray().add(merge.substring(0, space)).add(merge.substring(space + 1));
        }
    }

    /** Merges by scores, over text in which spaces are characters; what no token spells becomes bytes. */
    private void spaces(ObjectNode json) {
        boolean prefix = metadata.flag(SPACE_PREFIX).orElse(true);
        ObjectNode replace = Json.object();
        replace.put("type", "Replace").putObject("pattern").put("String", " ");
        replace.put("content", SPACE);
        if (prefix) {
            ObjectNode normalizer = json.putObject("normalizer").put("type", "Sequence");
            ArrayNode both = normalizer.putArray("normalizers");
            both.addObject().put("type", "Prepend").put("prepend", SPACE);
            both.add(replace);
        } else {
            json.set("normalizer", replace);
        }
        around(json, metadata.flag(ADD_BOS).orElse(true));
        ArrayNode decoders = json.putObject("decoder").put("type", "Sequence").putArray("decoders");
        ObjectNode back = decoders.addObject().put("type", "Replace");
        back.putObject("pattern").put("String", SPACE);
        back.put("content", " ");
        decoders.addObject().put("type", "ByteFallback");
        decoders.addObject().put("type", "Fuse");
        if (prefix) {
            decoders.addObject()
                    .put("type", "Strip")
                    .put("content", " ")
                    .put("start", 1)
                    .put("stop", 0);
        }
        double[] scores = metadata.numbers(SCORES).orElseThrow(() -> metadata.missing(SCORES));
        if (scores.length != tokens.size()) {
            throw metadata.bad(SCORES, scores.length + " scores for " + tokens.size() + " tokens");
        }
        Map<String, Integer> text = new LinkedHashMap<>();
        ids.forEach((token, id) -> {
            if (types[id] == NORMAL || types[id] == 0) {
                text.put(token, id);
            }
        });
        ObjectNode model = model(json, "BPE").put("fuse_unk", true).put("byte_fallback", true);
        special(metadata, UNKNOWN_ID, tokens).ifPresent(id -> model.put("unk_token", tokens.get(id)));
        ArrayNode merges = model.putArray("merges");
        for (Merges.Pair pair : Merges.of(text, scores, metadata.where())) {
            merges.addArray().add(pair.left()).add(pair.right());
        }
    }

    /** Whole words, then pieces of words; the file marks beginnings of words, tokenizer.json what continues them. */
    private void words(ObjectNode json) {
        json.putObject("normalizer")
                .put("type", "BertNormalizer")
                .put("clean_text", true)
                .put("handle_chinese_chars", true)
                .putNull("strip_accents")
                .put("lowercase", true);
        json.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        around(json, metadata.flag(ADD_BOS).orElse(true));
        json.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
        Map<String, Integer> spelled = new LinkedHashMap<>();
        ids.forEach((token, id) -> spelled.put(
                types[id] != NORMAL ? token : token.startsWith(SPACE) ? token.substring(1) : "##" + token, id));
        ids.clear();
        ids.putAll(spelled);
        ObjectNode model = model(json, "WordPiece").put("continuing_subword_prefix", "##");
        model.put("max_input_chars_per_word", 100);
        special(metadata, UNKNOWN_ID, tokens).ifPresent(id -> model.put("unk_token", tokens.get(id)));
    }

    private ObjectNode model(ObjectNode json, String type) {
        ObjectNode model = json.putObject("model");
        model.put("type", type);
        ObjectNode vocabulary = model.putObject("vocab");
        ids.forEach(vocabulary::put);
        return model;
    }

    /** The special tokens around a text. */
    private void around(ObjectNode json, boolean bos) {
        List<Integer> before = new ArrayList<>();
        List<Integer> after = new ArrayList<>();
        if (bos) {
            before.add(require("bos_token", ADD_BOS));
        }
        if (metadata.flag(ADD_EOS).orElse(false)) {
            after.add(require("eos_token", ADD_EOS));
        }
        ObjectNode template = json.putObject("post_processor").put("type", "TemplateProcessing");
        ArrayNode single = template.putArray("single");
        ArrayNode pair = template.putArray("pair");
        ObjectNode specials = template.putObject("special_tokens");
        place(single, 0, before, "A", after);
        place(pair, 0, before, "A", after);
        place(pair, 1, before, "B", after);
        for (List<Integer> list : List.of(before, after)) {
            for (int id : list) {
                ObjectNode entry = specials.putObject(tokens.get(id)).put("id", tokens.get(id));
                entry.putArray("ids").add(id);
                entry.putArray("tokens").add(tokens.get(id));
            }
        }
    }

    private void place(ArrayNode into, int type, List<Integer> before, String sequence, List<Integer> after) {
        before.forEach(id -> into.addObject()
                .putObject("SpecialToken")
                .put("id", tokens.get(id))
                .put("type_id", type));
        into.addObject().putObject("Sequence").put("id", sequence).put("type_id", type);
        after.forEach(id -> into.addObject()
                .putObject("SpecialToken")
                .put("id", tokens.get(id))
                .put("type_id", type));
    }

    private int require(String token, String because) {
        String key = SPECIAL.get(token);
        return special(metadata, String.valueOf(key), tokens)
                .orElseThrow(() -> new FormatException(
                        metadata.where() + ", key " + because,
                        "it asks for a token that " + key + " does not name",
                        "Convert the model again"));
    }
}
