// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** Reads the {@code model} of tokenizer.json. */
final class ModelReader {
    /** Larger ids than this are taken for a broken file rather than given an array of that size. */
    private static final int MAX_ID = 1 << 24;

    private static final int MAX_AFFIX = 64;

    private final JsonFields fields;
    private final Map<String, Integer> ids = new HashMap<>();

    private ModelReader(JsonFields fields) {
        this.fields = fields;
    }

    /**
     * A model and its vocabulary.
     *
     * @param ids the id of each token
     */
    record Result(TokenModel model, Map<String, Integer> ids) {}

    static Result read(JsonFields fields) {
        ModelReader reader = new ModelReader(fields);
        String type = fields.string("type", untagged(fields));
        TokenModel model = switch (type) {
            case "BPE" -> reader.bpe();
            case "Unigram" -> reader.unigram();
            case "WordPiece" -> reader.wordPiece();
            case "WordLevel" -> reader.wordLevel();
            default ->
                throw new FormatException(
                        fields.where(),
                        "the tokenizer model '" + type + "' is not supported",
                        "Supported are BPE, Unigram, WordPiece and WordLevel");
        };
        fields.finish();
        return new Result(model, reader.ids);
    }

    /** The type of a model in a file so old that it does not say. */
    private static String untagged(JsonFields fields) {
        if (fields.has("merges")) {
            return "BPE";
        }
        if (fields.node().path("vocab").isArray()) {
            return "Unigram";
        }
        if (!fields.has("vocab")) {
            return "absent";
        }
        return fields.has("continuing_subword_prefix") || fields.has("max_input_chars_per_word")
                ? "WordPiece"
                : "WordLevel";
    }

    private Bpe bpe() {
        rejectDropout();
        readVocabulary();
        String prefix = affix("continuing_subword_prefix");
        String suffix = affix("end_of_word_suffix");
        MergeTable merges = readMerges(prefix);
        OptionalInt unknown = OptionalInt.empty();
        if (fields.has("unk_token")) {
            String token = fields.string("unk_token");
            if (!ids.containsKey(token)) {
                throw new FormatException(
                        fields.where(),
                        "the unk_token '" + token + "' is not in the vocabulary",
                        "Add it, or remove it");
            }
            unknown = OptionalInt.of(ids.get(token));
        }
        fields.ignore("unk_token");
        return new Bpe(
                ids,
                merges,
                new Bpe.Options(
                        unknown,
                        fields.bool("fuse_unk", false),
                        fields.bool("byte_fallback", false),
                        fields.bool("ignore_merges", false),
                        prefix,
                        suffix));
    }

    private Unigram unigram() {
        JsonNode list = fields.array("vocab");
        List<String> tokens = new ArrayList<>(list.size());
        double[] scores = new double[list.size()];
        for (JsonNode entry : list) {
            int id = tokens.size();
            String at = fields.where() + ", vocab[" + id + "]";
            if (entry.size() != 2
                    || !entry.path(0).isTextual()
                    || !entry.path(1).isNumber()
                    || !Double.isFinite(entry.get(1).doubleValue())) {
                throw new FormatException(
                        at,
                        "expected a token and its score, found " + Json.excerpt(entry),
                        "Write it as [\"token\", -1.5]");
            }
            String token = entry.get(0).textValue();
            if (ids.put(token, id) != null) {
                throw new FormatException(
                        at, "the token '" + token + "' occurs a second time", "Every token needs one id");
            }
            scores[id] = score(entry.get(1).doubleValue());
            tokens.add(token);
        }
        OptionalInt unknown = fields.has("unk_id") ? OptionalInt.of(fields.integer("unk_id")) : OptionalInt.empty();
        if (unknown.isPresent() && (unknown.getAsInt() < 0 || unknown.getAsInt() >= tokens.size())) {
            throw new FormatException(
                    fields.where(),
                    "the unk_id is " + unknown.getAsInt() + ", but the vocabulary has " + tokens.size() + " tokens",
                    "Set it to the id of the unknown token");
        }
        fields.ignore("unk_id");
        return new Unigram(tokens, ids, scores, unknown, fields.bool("byte_fallback", false), fields.where());
    }

    /**
     * A score as serde_json reads it for Hugging Face's library: the digits as one number, divided by a power of ten. That rounds
     * twice, so the last bit may differ from the nearest double, and the last bit decides between spellings of equal sums.
     */
    private static double score(double nearest) {
        BigDecimal digits = new BigDecimal(Double.toString(nearest)); // the shortest that name it, as files have them
        double power = Double.parseDouble("1e" + Math.abs(digits.scale()));
        double significand = digits.unscaledValue().doubleValue();
        return digits.scale() >= 0 ? significand / power : significand * power;
    }

    private WordPiece wordPiece() {
        readVocabulary();
        int most = fields.integer("max_input_chars_per_word", 100);
        if (most < 0) {
            throw new FormatException(
                    fields.where(), "max_input_chars_per_word is " + most, "It is a number of characters");
        }
        return new WordPiece(
                ids, fields.string("continuing_subword_prefix", "##"), unknown("[UNK]"), most, fields.where());
    }

    private WordLevel wordLevel() {
        readVocabulary();
        return new WordLevel(ids, unknown("<unk>"), fields.where());
    }

    /** What a BPE vocabulary puts before or after characters at some places; each of them is looked up with it. */
    private String affix(String key) {
        String affix = fields.string(key, "");
        if (affix.length() > MAX_AFFIX) {
            throw new FormatException(
                    fields.where(),
                    key + " has " + affix.length() + " characters; up to " + MAX_AFFIX + " are read",
                    "No real tokenizer has more: fetch the file from the original model");
        }
        return affix;
    }

    /** The id of the unk_token, if the vocabulary has it. */
    private OptionalInt unknown(String usual) {
        Integer id = ids.get(fields.string("unk_token", usual));
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    private void readVocabulary() {
        JsonNode vocabulary = fields.object("vocab").node();
        Set<Integer> taken = new HashSet<>();
        vocabulary.properties().forEach(entry -> {
            int id = id(entry.getValue(), fields.where() + ", vocab, '" + entry.getKey() + "'");
            if (!taken.add(id)) {
                throw new FormatException(
                        fields.where() + ", vocab, '" + entry.getKey() + "'",
                        "the id " + id + " is given to two tokens",
                        "Every token needs an id of its own");
            }
            ids.put(entry.getKey(), id);
        });
    }

    private MergeTable readMerges(String prefix) {
        JsonNode list = fields.array("merges");
        MergeTable merges = new MergeTable(list.size());
        int rank = 0;
        for (JsonNode merge : list) {
            String left;
            String right;
            if (merge.isTextual()) { // as files were written before tokenizers 0.20
                String text = merge.textValue();
                int space = text.indexOf(' ');
                if (space < 0 || text.indexOf(' ', space + 1) >= 0) {
                    throw badMerge(rank, merge, "is not two tokens with one space between them");
                }
                left = text.substring(0, space);
                right = text.substring(space + 1);
            } else if (merge.size() == 2
                    && merge.get(0).isTextual()
                    && merge.get(1).isTextual()) {
                left = merge.get(0).textValue();
                right = merge.get(1).textValue();
            } else {
                throw badMerge(rank, merge, "is not a pair of tokens");
            }
            if (right.length() < prefix.length()) {
                throw badMerge(rank, merge, "has a second token without the continuing_subword_prefix");
            }
            String joined = left + right.substring(prefix.length());
            Integer leftId = ids.get(left);
            Integer rightId = ids.get(right);
            Integer mergedId = ids.get(joined);
            if (leftId == null || rightId == null || mergedId == null) {
                String missing = leftId == null ? left : rightId == null ? right : joined;
                throw badMerge(rank, merge, "needs the token '" + missing + "', which the vocabulary lacks");
            }
            merges.put(leftId, rightId, rank++, mergedId);
        }
        return merges;
    }

    private FormatException badMerge(int rank, JsonNode merge, String what) {
        return new FormatException(
                fields.where() + ", merges[" + rank + "]",
                "the merge " + Json.excerpt(merge) + " " + what,
                "The vocabulary and the merges do not belong together; fetch the file again");
    }

    /** Hugging Face's library drops merges at random also when it encodes. */
    private void rejectDropout() {
        JsonNode value = fields.find("dropout").orElse(null);
        if (value != null && !(value.isNumber() && value.doubleValue() == 0)) {
            throw new FormatException(
                    fields.where(),
                    "'dropout' is " + Json.excerpt(value)
                            + ", which is not supported: random merges would make ids differ from call to call",
                    "Set it to null");
        }
    }

    /** A token id of a file. */
    static int id(JsonNode value, String where) {
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < 0
                || value.intValue() > MAX_ID) {
            throw new FormatException(
                    where, "'" + Json.excerpt(value) + "' is not a token id", "Ids are integers from 0 to " + MAX_ID);
        }
        return value.intValue();
    }
}
