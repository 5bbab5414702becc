// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.JsonFields;
import dev.jacobian.io.Printable;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Builds a {@link Tokenizer} from the JSON of tokenizer.json, and rejects everything that it does not understand. */
final class TokenizerReader {
    private static final System.Logger LOG = System.getLogger(TokenizerReader.class.getName());

    /** Longest added token: each place of a text is compared with them. The longest published have about 130 characters. */
    private static final int MAX_ADDED_TOKEN = 4096;

    /** Characters of all added tokens together, each of which takes a node of the trie that finds them. */
    private static final long MAX_ADDED_CHARACTERS = 1 << 21;

    private final String where;
    private Map<String, Integer> modelIds = Map.of();

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
        ModelReader.Result read = ModelReader.read(fields.object("model"));
        modelIds = read.ids();
        Normalizer normalizer = Normalizer.read(child(fields, "normalizer"), where + ", normalizer");
        PreTokenizer preTokenizer = PreTokenizer.read(child(fields, "pre_tokenizer"), where + ", pre_tokenizer");
        Template fromFile = Template.read(child(fields, "post_processor"), where + ", post_processor");
        TokenDecoder decoder = TokenDecoder.read(child(fields, "decoder"), where + ", decoder");
        List<AddedToken> added = fields.has("added_tokens") ? readAddedTokens(fields) : List.of();
        fields.finish();
        Template template =
                config.flags().map(flags -> flagged(flags, added, config)).orElse(fromFile);
        Tokenizer tokenizer = new Tokenizer(
                modelIds, added, normalizer, preTokenizer, read.model(), template, decoder, config, where);
        template.specialIds().forEach(id -> {
            if (tokenizer.tokenOf(id).isEmpty()) {
                throw new FormatException(
                        where + ", post_processor", "it adds the id " + id + ", which no token has", "Correct it");
            }
        });
        return tokenizer;
    }

    private Template flagged(TokenizerConfig.Flags flags, List<AddedToken> added, TokenizerConfig config) {
        return Template.around(
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

    private List<AddedToken> readAddedTokens(JsonFields fields) {
        List<AddedToken> added = new ArrayList<>();
        List<String> shared = new ArrayList<>();
        Map<Integer, String> contentOf = new HashMap<>();
        long characters = 0;
        modelIds.forEach((token, id) -> contentOf.put(id, token));
        for (JsonFields token : fields.objects("added_tokens")) {
            int id = ModelReader.id(token.get("id"), token.where());
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
}
