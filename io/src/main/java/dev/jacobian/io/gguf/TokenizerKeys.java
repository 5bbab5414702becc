// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.tokenizer.TokenizerConfig;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A tokenizer.json as the keys of a GGUF file, from which llama.cpp makes the same ids. {@link GgufTokenizer} is the way back.
 *
 * <p>Decisions: the whole tokenizer.json goes along, since the lists do not say everything; llama.cpp does not look at it, and this
 * project reads it first. Merges over bytes need a name for how text is cut ({@link PreTokenizers}); merges over text with spaces
 * as characters become scores, by the place at which a token is first made. Where scores do not give the same merges back, or a
 * normalizer has no key, that is said as a remark: then llama.cpp's ids can differ.
 */
public final class TokenizerKeys {
    private final JsonNode json;
    private final TokenizerConfig config;
    private final int rows;
    private final GgufWriter out;
    private final String where;
    private final List<String> remarks = new ArrayList<>();

    private final String[] tokens;
    private final int[] types;
    private final Map<String, Integer> ids = new HashMap<>();

    private TokenizerKeys(JsonNode json, TokenizerConfig config, int rows, GgufWriter out, String where) {
        this.json = json;
        this.config = config;
        this.rows = rows;
        this.out = out;
        this.where = where;
        this.tokens = new String[rows];
        this.types = new int[rows];
    }

    /** The keys of a model without a tokenizer. */
    public static void none(GgufWriter out) {
        out.put(GgufTokenizer.MODEL, "none");
    }

    /**
     * Puts the keys of a tokenizer.
     *
     * @param json its tokenizer.json
     * @param rows V of the model; rows beyond the vocabulary become tokens of padding
     * @param where tokenizer.json, for messages
     * @return what llama.cpp may do otherwise
     * @throws FormatException if llama.cpp has nothing of its kind
     */
    public static List<String> put(JsonNode json, TokenizerConfig config, int rows, GgufWriter out, String where) {
        TokenizerKeys keys = new TokenizerKeys(json, config, rows, out, where);
        keys.put();
        return keys.remarks;
    }

    private void put() {
        JsonNode model = json.path("model");
        if (!model.path("type").asText("BPE").equals("BPE")) {
            throw refused("its model is " + model.path("type").asText() + ", not BPE");
        }
        model.path("vocab")
                .properties()
                .forEach(entry -> place(entry.getKey(), entry.getValue().asInt(-1), 1));
        for (JsonNode added : json.path("added_tokens")) {
            boolean special = added.path("special").asBoolean();
            place(
                    added.path("content").asText(),
                    added.path("id").asInt(-1),
                    special ? GgufTokenizer.CONTROL : GgufTokenizer.USER_DEFINED);
        }
        for (int id = 0; id < rows; id++) {
            if (types[id] == 0) {
                tokens[id] = "[PAD" + id + "]";
                types[id] = GgufTokenizer.UNUSED;
            }
        }
        if (model.path("byte_fallback").asBoolean()) {
            spaces(model);
        } else {
            bytes(model);
        }
        out.put(GgufTokenizer.TOKENS, tokens);
        out.put(GgufTokenizer.TYPES, types);
        specials();
        templates();
        out.put(GgufTokenizer.WHOLE, json.toString());
    }

    private void place(String token, int id, int type) {
        if (id < 0 || id >= rows) {
            throw refused("the token '" + token + "' has the id " + id + ", the model has " + rows + " rows");
        }
        tokens[id] = token;
        types[id] = type;
        ids.put(token, id);
    }

    private FormatException refused(String what) {
        return new FormatException(
                where, what + ", which llama.cpp cannot be told", "Such a model cannot be used there");
    }

    private void bytes(JsonNode model) {
        JsonNode normalizer = json.path("normalizer");
        String kind = normalizer.path("type").asText("");
        if (!kind.isEmpty() && !kind.equals("NFC")) {
            remarks.add("the normalizer " + kind + " has no key");
        }
        String name = PreTokenizers.name(
                        json.path("pre_tokenizer"),
                        kind.equals("NFC"),
                        model.path("ignore_merges").asBoolean())
                .orElseThrow(() -> refused("its pre_tokenizer cuts text in a way that has no name"));
        out.put(GgufTokenizer.MODEL, "gpt2");
        out.put(GgufTokenizer.PRE, name);
        List<String> merges = new ArrayList<>();
        for (JsonNode merge : model.path("merges")) {
            merges.add(
                    merge.isTextual()
                            ? merge.textValue()
                            : merge.path(0).asText() + " " + merge.path(1).asText());
        }
        out.put(GgufTokenizer.MERGES, merges.toArray(String[]::new));
    }

    private void spaces(JsonNode model) {
        out.put(GgufTokenizer.MODEL, "llama");
        out.put(GgufTokenizer.PRE, "default");
        float[] scores = new float[rows];
        Arrays.fill(scores, 0f);
        List<Merges.Pair> given = new ArrayList<>();
        for (JsonNode merge : model.path("merges")) {
            String[] pair = merge.isTextual()
                    ? merge.textValue().split(" ", 2)
                    : new String[] {merge.path(0).asText(), merge.path(1).asText()};
            if (pair.length == 2) {
                given.add(new Merges.Pair(pair[0], pair[1], 0));
            }
        }
        Map<String, Integer> first = places(given);
        Map<String, Integer> text = new LinkedHashMap<>();
        for (int id = 0; id < rows; id++) {
            String token = tokens[id];
            if (types[id] == GgufTokenizer.NORMAL) {
                if (token.matches("<0x[0-9A-Fa-f]{2}>")) {
                    types[id] = GgufTokenizer.BYTE;
                } else {
                    text.put(token, id);
                }
            }
            Integer rank = first.get(token);
            // Single characters are worse than all that is made of them; a float holds these integers exactly.
            scores[id] = types[id] != GgufTokenizer.NORMAL ? 0 : rank == null ? -(first.size() + id) : -rank;
        }
        String unknown = model.path("unk_token").asText("");
        if (ids.containsKey(unknown)) {
            types[ids.get(unknown)] = GgufTokenizer.UNKNOWN;
        }
        out.put(GgufTokenizer.SCORES, scores);
        boolean prefix = json.path("normalizer").toString().contains("Prepend")
                || json.path("pre_tokenizer").path("type").asText().equals("Metaspace")
                        && !json.path("pre_tokenizer")
                                .path("prepend_scheme")
                                .asText("always")
                                .equals("never");
        out.put(GgufTokenizer.SPACE_PREFIX, prefix);
        double[] exact = new double[rows];
        Arrays.setAll(exact, id -> scores[id]);
        Set<Merges.Pair> again = new HashSet<>();
        Merges.of(text, exact, where).forEach(pair -> again.add(new Merges.Pair(pair.left(), pair.right(), 0)));
        if (!again.equals(new HashSet<>(given))) {
            remarks.add("its merges are not those of a vocabulary with scores, by which llama.cpp merges");
        }
    }

    /**
     * The place of each token that merges make, the best 0. Tokens whose merges are mixed share one: their scores were equal.
     */
    private static Map<String, Integer> places(List<Merges.Pair> merges) {
        Map<String, Integer> last = new HashMap<>();
        for (int i = 0; i < merges.size(); i++) {
            last.put(merges.get(i).left() + merges.get(i).right(), i);
        }
        Map<String, Integer> places = new HashMap<>();
        int place = -1;
        int end = -1; // of the merges of tokens that share the place
        for (int i = 0; i < merges.size(); i++) {
            String token = merges.get(i).left() + merges.get(i).right();
            if (i > end) {
                place++;
            }
            end = Math.max(end, last.getOrDefault(token, i));
            places.putIfAbsent(token, place);
        }
        return places;
    }

    private void specials() {
        GgufTokenizer.SPECIAL.forEach((name, key) -> {
            Integer id = ids.get(config.specialTokens().getOrDefault(name, ""));
            if (id != null) {
                out.put(key, id);
            }
        });
        JsonNode around = template(json.path("post_processor"));
        added(around.path(0), "bos_token", GgufTokenizer.ADD_BOS);
        added(around.path(around.size() - 1), "eos_token", GgufTokenizer.ADD_EOS);
    }

    /** What stands around a text: the template of a post-processor, or of one in a sequence. */
    private static JsonNode template(JsonNode processor) {
        for (JsonNode one : processor.path("processors")) {
            if (one.has("single")) {
                return one.path("single");
            }
        }
        return processor.path("single");
    }

    /** Says whether a special token stands at an end of every text; if one does, it is the one of that end. */
    private void added(JsonNode end, String name, String key) {
        Integer id = ids.get(end.path("SpecialToken").path("id").asText(""));
        out.put(key, id != null);
        if (id != null) {
            out.put(String.valueOf(GgufTokenizer.SPECIAL.get(name)), id);
        }
    }

    private void templates() {
        List<String> names = new ArrayList<>();
        config.chatTemplates().forEach((name, template) -> {
            if (name.equals("default")) {
                out.put(GgufTokenizer.TEMPLATE, template);
            } else if (name.matches("[a-z0-9_]+")) {
                out.put(GgufTokenizer.TEMPLATE + "." + name, template);
                names.add(name);
            }
        });
        if (!names.isEmpty()) {
            out.put(GgufTokenizer.TEMPLATES, names.toArray(String[]::new));
        }
    }
}
