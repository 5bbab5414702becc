// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.JsonFields;
import dev.jacobian.io.Printable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Set;

/** Builds a {@link Tokenizer} from the JSON of tokenizer.json, and rejects everything that it does not understand. */
final class TokenizerReader {
    private static final System.Logger LOG = System.getLogger(TokenizerReader.class.getName());

    /** Larger ids than this are taken for a broken file rather than given an array of that size. */
    private static final int MAX_ID = 1 << 24;

    /** Longest added token: each place of a text is compared with them. The longest published have about 130 characters. */
    private static final int MAX_ADDED_TOKEN = 4096;

    /** Characters of all added tokens together, each of which takes a node of the trie that finds them. */
    private static final long MAX_ADDED_CHARACTERS = 1 << 21;

    private final String where;
    private final Map<String, Integer> modelIds = new HashMap<>();

    private TokenizerReader(String where) {
        this.where = where;
    }

    static Tokenizer read(JsonNode json, String where, TokenizerConfig config) {
        return new TokenizerReader(where).read(json, config);
    }

    private Tokenizer read(JsonNode json, TokenizerConfig config) {
        JsonFields fields = JsonFields.of(json, where);
        // Truncation and padding are settings of the last caller who saved the file; transformers resets them too.
        fields.ignore("version", "truncation", "padding");
        Bpe model = readModel(fields.object("model"));
        Normalizer normalizer = Normalizer.read(child(fields, "normalizer"), where + ", normalizer");
        PreTokenizer preTokenizer = PreTokenizer.read(child(fields, "pre_tokenizer"), where + ", pre_tokenizer");
        Template fromFile = Template.read(child(fields, "post_processor"), where + ", post_processor");
        TokenDecoder decoder = TokenDecoder.read(child(fields, "decoder"), where + ", decoder");
        List<AddedToken> added = fields.has("added_tokens") ? readAddedTokens(fields) : List.of();
        fields.finish();
        Template template =
                config.flags().map(flags -> flagged(flags, added, config)).orElse(fromFile);
        Tokenizer tokenizer =
                new Tokenizer(modelIds, added, normalizer, preTokenizer, model, template, decoder, config, where);
        for (List<Integer> ids : List.of(template.before(), template.after())) {
            for (int id : ids) {
                if (tokenizer.tokenOf(id).isEmpty()) {
                    throw new FormatException(
                            where + ", post_processor", "it adds the id " + id + ", which no token has", "Correct it");
                }
            }
        }
        return tokenizer;
    }

    private Template flagged(TokenizerConfig.Flags flags, List<AddedToken> added, TokenizerConfig config) {
        return new Template(
                flags.bos() ? List.of(special("bos", added, config)) : List.of(),
                flags.eos() ? List.of(special("eos", added, config)) : List.of());
    }

    private int special(String name, List<AddedToken> added, TokenizerConfig config) {
        String token = config.specialTokens().get(name + "_token");
        Integer id = added.stream()
                .filter(t -> t.content().equals(token))
                .map(AddedToken::id)
                .findFirst()
                .orElse(token == null ? null : modelIds.get(token));
        if (id == null) {
            throw new FormatException(
                    where,
                    "tokenizer_config.json has add_" + name + "_token true, but "
                            + (token == null
                                    ? "no " + name + "_token"
                                    : "its " + name + "_token '" + token + "' has no id"),
                    "Name a token of the vocabulary there, or set the flag to false");
        }
        return id;
    }

    private static JsonNode child(JsonFields fields, String key) {
        return fields.find(key).orElse(com.fasterxml.jackson.databind.node.MissingNode.getInstance());
    }

    private Bpe readModel(JsonFields fields) {
        String type = fields.string("type", fields.has("merges") ? "BPE" : "absent");
        if (!type.equals("BPE")) {
            throw new FormatException(
                    fields.where(),
                    "the tokenizer model '" + type + "' is not supported",
                    "Supported is BPE, which the Llama, Qwen, Mistral, Gemma, Phi, DeepSeek and GPT families use");
        }
        rejectUnlessEmpty(fields, "dropout", "random merges would make ids differ from call to call");
        rejectUnlessEmpty(fields, "continuing_subword_prefix", "only whole-word vocabularies are supported");
        rejectUnlessEmpty(fields, "end_of_word_suffix", "only vocabularies without word-end marks are supported");

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
            modelIds.put(entry.getKey(), id);
        });
        MergeTable merges = readMerges(fields);
        OptionalInt unknown = OptionalInt.empty();
        if (fields.has("unk_token")) {
            String token = fields.string("unk_token");
            if (!modelIds.containsKey(token)) {
                throw new FormatException(
                        fields.where(),
                        "the unk_token '" + token + "' is not in the vocabulary",
                        "Add it, or remove it");
            }
            unknown = OptionalInt.of(modelIds.get(token));
        }
        fields.ignore("unk_token");
        Bpe.Options options = new Bpe.Options(
                unknown,
                fields.bool("fuse_unk", false),
                fields.bool("byte_fallback", false),
                fields.bool("ignore_merges", false));
        fields.finish();
        return new Bpe(modelIds, merges, options);
    }

    private MergeTable readMerges(JsonFields fields) {
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
                    throw badMerge(fields, rank, merge, "is not two tokens with one space between them");
                }
                left = text.substring(0, space);
                right = text.substring(space + 1);
            } else if (merge.size() == 2
                    && merge.get(0).isTextual()
                    && merge.get(1).isTextual()) {
                left = merge.get(0).textValue();
                right = merge.get(1).textValue();
            } else {
                throw badMerge(fields, rank, merge, "is not a pair of tokens");
            }
            Integer leftId = modelIds.get(left);
            Integer rightId = modelIds.get(right);
            Integer mergedId = modelIds.get(left + right);
            if (leftId == null || rightId == null || mergedId == null) {
                String missing = leftId == null ? left : rightId == null ? right : left + right;
                throw badMerge(fields, rank, merge, "needs the token '" + missing + "', which the vocabulary lacks");
            }
            merges.put(leftId, rightId, rank++, mergedId);
        }
        return merges;
    }

    private static FormatException badMerge(JsonFields fields, int rank, JsonNode merge, String what) {
        return new FormatException(
                fields.where() + ", merges[" + rank + "]",
                "the merge " + Json.excerpt(merge) + " " + what,
                "The vocabulary and the merges do not belong together; fetch the file again");
    }

    private List<AddedToken> readAddedTokens(JsonFields fields) {
        List<AddedToken> added = new ArrayList<>();
        List<String> shared = new ArrayList<>();
        Map<Integer, String> contentOf = new HashMap<>();
        long characters = 0;
        modelIds.forEach((token, id) -> contentOf.put(id, token));
        for (JsonFields token : fields.objects("added_tokens")) {
            int id = id(token.get("id"), token.where());
            AddedToken read = new AddedToken(
                    id,
                    token.string("content"),
                    token.bool("special", false),
                    token.bool("normalized", !token.bool("special", false)),
                    token.bool("lstrip", false),
                    token.bool("rstrip", false),
                    token.bool("single_word", false));
            token.finish();
            characters += read.content().length();
            if (read.content().length() > MAX_ADDED_TOKEN || characters > MAX_ADDED_CHARACTERS) {
                throw new FormatException(
                        token.where(),
                        "the added token has " + read.content().length() + " characters, all so far have " + characters
                                + "; up to " + MAX_ADDED_TOKEN + " and " + MAX_ADDED_CHARACTERS + " are read",
                        "No real tokenizer has more: fetch the file from the original model");
            }
            Integer known = modelIds.get(read.content());
            if (known != null && known != id) {
                throw new FormatException(
                        token.where(),
                        "the added token '" + read.content() + "' has the id " + id + ", but the vocabulary gives it "
                                + known,
                        "Give both places the same id");
            }
            String other = contentOf.put(id, read.content());
            if (other != null && !other.equals(read.content())) {
                shared.add(read.content());
            }
            added.add(read);
        }
        if (!shared.isEmpty()) {
            // The library that defines the format lets both encode to the id, and decodes it to the added token.
            LOG.log(
                    System.Logger.Level.WARNING,
                    "{0}: the added tokens {1} have ids that other tokens have too; such an id decodes to the added"
                            + " one",
                    Printable.of(where),
                    shared.stream().limit(20).map(Printable::of).toList());
        }
        return added;
    }

    private static int id(JsonNode value, String where) {
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < 0
                || value.intValue() > MAX_ID) {
            throw new FormatException(
                    where, "'" + Json.excerpt(value) + "' is not a token id", "Ids are integers from 0 to " + MAX_ID);
        }
        return value.intValue();
    }

    private static void rejectUnlessEmpty(JsonFields fields, String key, String reason) {
        JsonNode value = fields.find(key).orElse(null);
        if (value == null) {
            return;
        }
        boolean empty =
                value.isTextual() && value.textValue().isEmpty() || value.isNumber() && value.doubleValue() == 0;
        if (!empty) {
            throw new FormatException(
                    fields.where(),
                    "'" + key + "' is " + Json.excerpt(value) + ", which is not supported: " + reason,
                    "Use a tokenizer without it, or set it to null if it has no effect");
        }
    }
}
