// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Nullable;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Text to token ids and back, as a Hugging Face {@code tokenizer.json} describes it.
 *
 * <p>Every kind of tokenizer in use is covered: byte-pair encoding, byte-level (GPT-2, Llama 3, Qwen, DeepSeek, Mistral Nemo,
 * gpt-oss) and SentencePiece-like (Llama 2, Mistral, Gemma, Phi-3), Unigram (T5, XLM-R), WordPiece (BERT) and whole words. A
 * component that is not understood is an error when the file is loaded, never a silent difference in the ids.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Immutable and safe for any number of threads.
 *   <li>Ids and text are exactly those of Hugging Face's {@code tokenizers} library. {@code transformers} may tidy
 *       spaces before punctuation after that ({@code clean_up_tokenization_spaces}); this class never does.
 *   <li>An unpaired surrogate has no UTF-8 form and is read as U+FFFD.
 * </ul>
 */
public final class Tokenizer {
    private final Normalizer normalizer;
    private final PreTokenizer preTokenizer;
    private final TokenModel model;
    private final Template template;
    private final TokenDecoder decoder;
    private final TokenizerConfig config;
    private final String where;

    private final Map<String, Integer> modelIds;
    private final Map<String, AddedToken> added;
    private final String[] tokens; // by id; null where no token has the id
    private final boolean[] special; // by id
    private final int vocabSize;
    private final AddedTokenMatcher rawMatcher;
    private final AddedTokenMatcher normalizedMatcher;

    Tokenizer(
            Map<String, Integer> modelIds,
            List<AddedToken> addedTokens,
            Normalizer normalizer,
            PreTokenizer preTokenizer,
            TokenModel model,
            Template template,
            TokenDecoder decoder,
            TokenizerConfig config,
            String where) {
        this.modelIds = modelIds;
        this.normalizer = normalizer;
        this.preTokenizer = preTokenizer;
        this.model = model;
        this.template = template;
        this.decoder = decoder;
        this.config = config;
        this.where = where;

        Map<String, AddedToken> byContent = new java.util.LinkedHashMap<>();
        addedTokens.forEach(token -> byContent.put(token.content(), token));
        added = byContent;
        int size = 0;
        for (int id : modelIds.values()) {
            size = Math.max(size, id + 1);
        }
        for (AddedToken token : addedTokens) {
            size = Math.max(size, token.id() + 1);
        }
        tokens = new String[size];
        special = new boolean[size];
        modelIds.forEach((token, id) -> tokens[id] = token);
        int count = modelIds.size();
        for (AddedToken token : added.values()) {
            count += modelIds.containsKey(token.content()) ? 0 : 1;
            tokens[token.id()] = token.content();
            special[token.id()] = token.special();
        }
        vocabSize = count;
        rawMatcher = new AddedTokenMatcher(
                addedTokens.stream().filter(t -> !t.normalized()).toList(), s -> s);
        normalizedMatcher = new AddedTokenMatcher(
                addedTokens.stream().filter(AddedToken::normalized).toList(),
                token -> normalizer.normalize(token, new Work(where, token.length())));
    }

    /**
     * Reads a tokenizer.
     *
     * @param path a folder with {@code tokenizer.json}, or that file; {@code tokenizer_config.json} is read from beside
     *     it if it is there
     * @throws dev.jacobian.io.FormatException if the file is broken or has a component that is not supported
     * @throws UncheckedIOException if there is no such file
     */
    public static Tokenizer load(Path path) {
        Path file = Files.isDirectory(path) ? path.resolve("tokenizer.json") : path;
        Path directory = Files.isDirectory(path) ? path : path.toAbsolutePath().getParent();
        if (Files.notExists(file)) {
            NoSuchFileException missing = new NoSuchFileException(file.toString(), null, missing(directory));
            throw new UncheckedIOException(missing.getMessage(), missing);
        }
        return TokenizerReader.read(
                Json.read(file), file.toString(), TokenizerConfig.load(Objects.requireNonNull(directory)));
    }

    /**
     * A tokenizer out of the content of its files.
     *
     * @param json tokenizer.json
     * @param where where it comes from, for messages
     * @throws dev.jacobian.io.FormatException as {@link #load}
     */
    public static Tokenizer of(JsonNode json, String where, TokenizerConfig config) {
        return TokenizerReader.read(json, where, config);
    }

    /** Files that a tokenizer can be kept in instead, and what they are. */
    private static final Map<String, String> OTHER_FORMS = Map.of(
            "tokenizer.model", "SentencePiece or tiktoken",
            "spiece.model", "SentencePiece",
            "sentencepiece.bpe.model", "SentencePiece",
            "qwen.tiktoken", "tiktoken",
            "tekken.json", "Mistral's own form",
            "vocab.json", "a vocabulary without its rules",
            "vocab.txt", "a vocabulary without its rules");

    private static String missing(@Nullable Path directory) {
        String other = OTHER_FORMS.entrySet().stream()
                .filter(form -> directory != null && Files.exists(directory.resolve(form.getKey())))
                .map(form -> ", but " + form.getKey() + " (" + form.getValue() + ")")
                .sorted()
                .findFirst()
                .orElse("");
        return "no such file" + other + ". A folder without tokenizer.json needs it made once, with"
                + " AutoTokenizer.from_pretrained(folder).save_pretrained(folder) in Python's transformers";
    }

    /**
     * The ids of a text.
     *
     * <p>Added tokens are recognised wherever the text contains them, which is what a rendered chat template needs.
     *
     * @param addSpecialTokens whether to put what {@code tokenizer.json} prescribes around the text, usually a
     *     beginning-of-sequence token. Not for rendered chat templates, which bring their own.
     */
    public int[] encode(String text, boolean addSpecialTokens) {
        int[] ids = encodeText(text);
        return addSpecialTokens ? template.apply(ids) : ids;
    }

    /**
     * The ids of a text that is to be continued: with what {@code tokenizer.json} puts in front of a text and without what it
     * puts behind one. A template that ends each text would end the prompt before the continuation begins.
     */
    public int[] encodePrompt(String text) {
        return template.applyBefore(encodeText(text));
    }

    /**
     * Two texts as one sequence, as {@code tokenizer.json} puts them together for models that compare texts or find an answer in
     * one of them.
     *
     * @param addSpecialTokens whether to put the special tokens around and between them that it prescribes
     */
    public Encoding encodePair(String first, String second, boolean addSpecialTokens) {
        return template.applyPair(encodeText(first), encodeText(second), addSpecialTokens, where);
    }

    private int[] encodeText(String text) {
        IntList ids = new IntList();
        Work work = new Work(where, text.length());
        rawMatcher.split(Characters.replaceLoneSurrogates(text), new AddedTokenMatcher.Sink() {
            @Override
            public void token(AddedToken token) {
                ids.add(token.id());
            }

            @Override
            public void text(String stretch, int offset) {
                encodeStretch(stretch, offset == 0, ids, work);
            }
        });
        return ids.toArray();
    }

    /** Encodes a stretch of raw text between added tokens. */
    private void encodeStretch(String raw, boolean first, IntList ids, Work work) {
        normalizedMatcher.split(normalizer.normalize(raw, work), new AddedTokenMatcher.Sink() {
            @Override
            public void token(AddedToken token) {
                ids.add(token.id());
            }

            @Override
            public void text(String stretch, int offset) {
                List<String> pieces = new ArrayList<>();
                preTokenizer.split(stretch, first && offset == 0, pieces, work);
                for (String piece : pieces) {
                    model.encode(piece, ids, work);
                }
            }
        });
    }

    /**
     * The text of ids. Bytes that are not UTF-8 become U+FFFD; ids that no token has, as the padding rows of many
     * models, are skipped.
     *
     * @param skipSpecialTokens whether to leave out the tokens for which {@link #isSpecial} holds
     */
    public String decode(int[] ids, boolean skipSpecialTokens) {
        return decode(ids, 0, ids.length, skipSpecialTokens);
    }

    /** As {@link #decode(int[], boolean)}, of the ids from index {@code from} to before {@code to}. */
    String decode(int[] ids, int from, int to, boolean skipSpecialTokens) {
        List<String> kept = new ArrayList<>(to - from);
        long length = 0;
        for (int i = from; i < to; i++) {
            int id = ids[i];
            if (id >= 0 && id < tokens.length && tokens[id] != null && !(skipSpecialTokens && special[id])) {
                kept.add(tokens[id]);
                length += tokens[id].length();
            }
        }
        return String.join("", decoder.decode(kept, new Work(where, length)));
    }

    /** A decoder that is given one id after another and returns text as soon as it is certain. */
    public StreamingDecoder streamingDecoder(boolean skipSpecialTokens) {
        return new StreamingDecoder(this, skipSpecialTokens);
    }

    /** The number of tokens, added ones included. A model's vocabulary may be larger: many are padded. */
    public int vocabSize() {
        return vocabSize;
    }

    /** One more than the largest id. Equals {@link #vocabSize} unless ids have gaps. */
    public int idLimit() {
        return tokens.length;
    }

    /** The id of a token, spelled as in {@code tokenizer.json} (in byte-level vocabularies a space is {@code Ġ}). */
    public OptionalInt idOf(String token) {
        if (added.containsKey(token)) {
            return OptionalInt.of(added.get(token).id());
        }
        Integer id = modelIds.get(token);
        return id == null ? OptionalInt.empty() : OptionalInt.of(id);
    }

    /** The token with an id, spelled as in {@code tokenizer.json}. */
    public Optional<String> tokenOf(int id) {
        return id >= 0 && id < tokens.length ? Optional.ofNullable(tokens[id]) : Optional.empty();
    }

    /**
     * The bytes that a token stands for inside of a text: UTF-8, or in vocabularies of bytes perhaps a part of a character. None
     * for an id that no token has.
     */
    public byte[] bytesOf(int id) {
        Optional<String> token = tokenOf(id);
        if (token.isEmpty()) {
            return new byte[0];
        }
        String spelled = token.get();
        if (added.containsKey(spelled)) {
            return spelled.getBytes(StandardCharsets.UTF_8);
        }
        Optional<byte[]> raw = decoder.bytesOf(spelled);
        if (raw.isPresent()) {
            return raw.get();
        }
        // Behind another token, since some decoders change the first one.
        String alone = decoded(List.of("."));
        String both = decoded(List.of(".", spelled));
        String text = both.startsWith(alone) ? both.substring(alone.length()) : decoded(List.of(spelled));
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private String decoded(List<String> spelled) {
        return String.join(
                "",
                decoder.decode(spelled, new Work(where, String.join("", spelled).length())));
    }

    /** How pieces of text become ids, by the name that tokenizer.json has for it: {@code BPE}, {@code Unigram} and so on. */
    public String modelType() {
        return switch (model) {
            case Bpe bpe -> "BPE";
            case Unigram unigram -> "Unigram";
            case WordPiece wordPiece -> "WordPiece";
            case WordLevel wordLevel -> "WordLevel";
        };
    }

    /** Whether decoding can skip this id. */
    public boolean isSpecial(int id) {
        return id >= 0 && id < special.length && special[id];
    }

    /** What makes text of tokens. */
    TokenDecoder decoder() {
        return decoder;
    }

    /** The added tokens, in the order of the file. */
    public List<AddedToken> addedTokens() {
        return List.copyOf(added.values());
    }

    /** The id of {@code bos_token} in {@code tokenizer_config.json}. */
    public OptionalInt bosId() {
        return specialId("bos_token");
    }

    /**
     * The id of {@code eos_token} in {@code tokenizer_config.json}. A model may stop at several: its
     * {@code generation_config.json} has the list that counts.
     */
    public OptionalInt eosId() {
        return specialId("eos_token");
    }

    /** The id of {@code pad_token} in {@code tokenizer_config.json}. */
    public OptionalInt padId() {
        return specialId("pad_token");
    }

    /** What the files beside {@code tokenizer.json} say: special tokens by name, chat templates. */
    public TokenizerConfig config() {
        return config;
    }

    private OptionalInt specialId(String field) {
        String token = config.specialTokens().get(field);
        return token == null ? OptionalInt.empty() : idOf(token);
    }
}
