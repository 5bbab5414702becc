// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.IntConsumer;
import java.util.stream.Stream;

/**
 * Makes a byte-level byte-pair tokenizer from texts, for small models of one's own.
 *
 * <p>Training is that of Sennrich et al. 2016 (arXiv:1508.07909): the pair of neighbouring symbols that occurs most
 * often becomes a symbol, and so on. Of equally frequent pairs the one with the smaller ids comes first, so the result
 * depends on the multiset of texts alone. The files are what Hugging Face's libraries load.
 *
 * <p>Ids: the 256 bytes, then the merges in order, then the special tokens. Counts are kept for every word that differs,
 * so memory grows with the vocabulary of the texts; this is for megabytes of text, not for a crawl.
 */
public final class ByteLevelBpeTrainer {
    private static final String CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private static final String REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    private static final String WORDS = CONTRACTIONS + "|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+";

    private ByteLevelBpeTrainer() {}

    /** Where merges may not cross, and above all what becomes of numbers. */
    public enum Splitting {
        /** GPT-2's: a number is one piece, however long. */
        GPT2(PreTokenizer.ByteLevel.GPT2_REGEX),
        /** Llama 3's: numbers are cut into pieces of up to three digits, from the left. */
        LLAMA3(WORDS + "|\\p{N}{1,3}" + REST),
        /** Qwen2's: every digit is a piece, which makes arithmetic easier to learn. */
        QWEN2(WORDS + "|\\p{N}" + REST);

        private final String regex;

        Splitting(String regex) {
            this.regex = regex;
        }
    }

    /**
     * What to make.
     *
     * @param vocabSize number of ids, bytes and special tokens included; fewer if the texts have no more pairs to merge
     * @param splitting how text is cut before merging
     * @param specialTokens special tokens, in the order of their ids
     * @param bosToken which of them begins a text; {@code encode} then puts it there
     * @param eosToken which of them ends a text
     * @param padToken which of them pads
     */
    public record Settings(
            int vocabSize,
            Splitting splitting,
            List<String> specialTokens,
            Optional<String> bosToken,
            Optional<String> eosToken,
            Optional<String> padToken) {
        /** Checks that the settings fit together. */
        public Settings {
            specialTokens = List.copyOf(specialTokens);
            if (new HashSet<>(specialTokens).size() != specialTokens.size() || specialTokens.contains("")) {
                throw new IllegalArgumentException("special tokens must differ and not be empty: " + specialTokens);
            }
            if (vocabSize < 256 + specialTokens.size()) {
                throw new IllegalArgumentException("vocabSize " + vocabSize + " is too small: 256 bytes and "
                        + specialTokens.size() + " special tokens need " + (256 + specialTokens.size()));
            }
            for (Optional<String> role : List.of(bosToken, eosToken, padToken)) {
                if (role.isPresent() && !specialTokens.contains(role.get())) {
                    throw new IllegalArgumentException(
                            "'" + role.get() + "' must be among the special tokens " + specialTokens);
                }
            }
        }

        /** Settings without a beginning-of-text token whose end and padding are the first special token. */
        public static Settings of(int vocabSize, Splitting splitting, String... specialTokens) {
            Optional<String> first = Stream.of(specialTokens).findFirst();
            return new Settings(vocabSize, splitting, List.of(specialTokens), Optional.empty(), first, first);
        }
    }

    /**
     * A tokenizer as files.
     *
     * @param tokenizer the content of {@code tokenizer.json}
     * @param config the content of {@code tokenizer_config.json}
     */
    public record Result(ObjectNode tokenizer, ObjectNode config) {
        /** Writes both files into a folder. */
        public void write(Path directory) {
            Json.write(directory.resolve("tokenizer.json"), tokenizer);
            Json.write(directory.resolve("tokenizer_config.json"), config);
        }

        /** The tokenizer, ready for use. */
        public Tokenizer toTokenizer() {
            Map<String, String> special = new TreeMap<>();
            config.properties().forEach(entry -> {
                if (entry.getKey().endsWith("_token") && entry.getValue().isTextual()) {
                    special.put(entry.getKey(), entry.getValue().textValue());
                }
            });
            return TokenizerReader.read(tokenizer, "trained tokenizer", new TokenizerConfig(special, Map.of(), config));
        }
    }

    /** Trains. Occurrences of the special tokens in the texts are cut out before counting. */
    public static Result train(Stream<String> texts, Settings settings) {
        return train(texts, settings, size -> {});
    }

    /** As {@link #train(Stream, Settings)}, telling the number of tokens so far, special ones aside, before each merge. */
    public static Result train(Stream<String> texts, Settings settings, IntConsumer progress) {
        List<String> symbols = new ArrayList<>();
        Map<String, Integer> ids = new LinkedHashMap<>();
        Stream.iterate(0, b -> b < 256, b -> b + 1)
                .map(b -> String.valueOf(ByteAlphabet.charOf(b)))
                .sorted()
                .forEach(c -> addSymbol(c, symbols, ids));
        int limit = settings.vocabSize - settings.specialTokens.size();
        List<String[]> merges = merge(countWords(texts, settings), limit, symbols, ids, progress);
        return new Result(tokenizerJson(settings, ids, merges), configJson(settings));
    }

    private static int addSymbol(String symbol, List<String> symbols, Map<String, Integer> ids) {
        ids.put(symbol, symbols.size());
        symbols.add(symbol);
        return symbols.size() - 1;
    }

    /** How often each piece occurs, written in the byte alphabet. */
    private static Map<String, Long> countWords(Stream<String> texts, Settings settings) {
        PreTokenizer splitter = new PreTokenizer.Split(
                new TextPattern.Regex(HuggingFaceRegex.compile(settings.splitting.regex, "splitting"), "splitting"),
                SplitBehavior.ISOLATED,
                false);
        List<AddedToken> special = new ArrayList<>();
        settings.specialTokens.forEach(t -> special.add(new AddedToken(0, t, true, false, false, false, false)));
        AddedTokenMatcher matcher = new AddedTokenMatcher(special, t -> t);
        Map<String, Long> counts = new TreeMap<>(); // sorted, so that the order of the texts does not matter
        texts.forEach(text -> matcher.split(Characters.replaceLoneSurrogates(text), new AddedTokenMatcher.Sink() {
            @Override
            public void token(AddedToken token) {}

            @Override
            public void text(String stretch, int offset) {
                List<String> pieces = new ArrayList<>();
                splitter.split(stretch, offset == 0, pieces, new Work("splitting", stretch.length()));
                pieces.forEach(piece -> counts.merge(ByteAlphabet.encode(piece), 1L, Long::sum));
            }
        }));
        return counts;
    }

    private record Pair(int left, int right) {}

    private record Candidate(Pair pair, long count) {
        static final Comparator<Candidate> BEST_FIRST = Comparator.comparingLong(Candidate::count)
                .reversed()
                .thenComparingInt(c -> c.pair.left)
                .thenComparingInt(c -> c.pair.right);
    }

    private static List<String[]> merge(
            Map<String, Long> words, int limit, List<String> symbols, Map<String, Integer> ids, IntConsumer progress) {
        List<int[]> spellings = new ArrayList<>();
        List<Long> counts = new ArrayList<>();
        Map<Pair, Long> pairCounts = new HashMap<>();
        Map<Pair, Set<Integer>> wordsWith = new HashMap<>();
        words.forEach((word, count) -> {
            int[] spelling =
                    word.chars().map(c -> ids.get(String.valueOf((char) c))).toArray();
            int index = spellings.size();
            spellings.add(spelling);
            counts.add(count);
            for (int i = 0; i + 1 < spelling.length; i++) {
                Pair pair = new Pair(spelling[i], spelling[i + 1]);
                pairCounts.merge(pair, count, Long::sum);
                wordsWith.computeIfAbsent(pair, p -> new HashSet<>()).add(index);
            }
        });
        PriorityQueue<Candidate> queue = new PriorityQueue<>(Candidate.BEST_FIRST);
        pairCounts.forEach((pair, count) -> queue.add(new Candidate(pair, count)));
        List<String[]> merges = new ArrayList<>();
        while (symbols.size() < limit && !queue.isEmpty()) {
            Candidate best = queue.poll();
            long now = pairCounts.getOrDefault(best.pair, 0L);
            if (now != best.count || now == 0) {
                continue; // a newer candidate for the pair is in the queue
            }
            progress.accept(symbols.size());
            String left = symbols.get(best.pair.left);
            String right = symbols.get(best.pair.right);
            merges.add(new String[] {left, right});
            // Two different merges can spell the same symbol.
            Integer known = ids.get(left + right);
            int merged = known != null ? known : addSymbol(left + right, symbols, ids);
            Set<Pair> changed = new HashSet<>();
            for (int index : Objects.requireNonNull(wordsWith.remove(best.pair))) {
                int[] before = spellings.get(index);
                int[] after = replace(before, best.pair, merged);
                count(before, -counts.get(index), pairCounts, changed);
                count(after, counts.get(index), pairCounts, changed);
                for (int i = 0; i + 1 < after.length; i++) {
                    wordsWith
                            .computeIfAbsent(new Pair(after[i], after[i + 1]), p -> new HashSet<>())
                            .add(index);
                }
                spellings.set(index, after);
            }
            for (Pair pair : changed) {
                queue.add(new Candidate(pair, pairCounts.getOrDefault(pair, 0L)));
            }
        }
        return merges;
    }

    private static void count(int[] spelling, long by, Map<Pair, Long> counts, Set<Pair> changed) {
        for (int i = 0; i + 1 < spelling.length; i++) {
            Pair pair = new Pair(spelling[i], spelling[i + 1]);
            counts.merge(pair, by, Long::sum);
            changed.add(pair);
        }
    }

    private static int[] replace(int[] spelling, Pair pair, int merged) {
        IntList out = new IntList();
        for (int i = 0; i < spelling.length; i++) {
            if (i + 1 < spelling.length && spelling[i] == pair.left && spelling[i + 1] == pair.right) {
                out.add(merged);
                i++;
            } else {
                out.add(spelling[i]);
            }
        }
        return out.toArray();
    }

    private static ObjectNode tokenizerJson(Settings settings, Map<String, Integer> ids, List<String[]> merges) {
        ObjectNode json = Json.object();
        json.put("version", "1.0").putNull("truncation").putNull("padding");
        ArrayNode added = json.putArray("added_tokens");
        Map<String, Integer> specialIds = new LinkedHashMap<>();
        for (String token : settings.specialTokens) {
            specialIds.put(token, ids.size() + specialIds.size());
            added.addObject()
                    .put("id", specialIds.get(token))
                    .put("content", token)
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", true);
        }
        json.putNull("normalizer");
        ObjectNode split = Json.object().put("type", "Split");
        split.putObject("pattern").put("Regex", settings.splitting.regex);
        split.put("behavior", "Isolated").put("invert", false);
        ObjectNode preTokenizer = json.putObject("pre_tokenizer").put("type", "Sequence");
        preTokenizer.putArray("pretokenizers").add(split).add(byteLevel());
        if (settings.bosToken.isEmpty()) {
            json.set("post_processor", byteLevel());
        } else {
            String bos = settings.bosToken.get();
            json.set("post_processor", template(bos, Objects.requireNonNull(specialIds.get(bos))));
        }
        json.set("decoder", byteLevel());
        ObjectNode model = json.putObject("model").put("type", "BPE");
        model.putNull("dropout").putNull("unk_token");
        model.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
        model.put("fuse_unk", false).put("byte_fallback", false).put("ignore_merges", false);
        ObjectNode vocabulary = model.putObject("vocab");
        ids.forEach(vocabulary::put);
        ArrayNode list = model.putArray("merges");
        merges.forEach(pair -> list.addArray().add(pair[0]).add(pair[1]));
        return json;
    }

    private static ObjectNode byteLevel() {
        return Json.object()
                .put("type", "ByteLevel")
                .put("add_prefix_space", false)
                .put("trim_offsets", true)
                .put("use_regex", false);
    }

    private static ObjectNode template(String bos, int id) {
        ObjectNode json = Json.object().put("type", "TemplateProcessing");
        ArrayNode single = json.putArray("single");
        ArrayNode pair = json.putArray("pair");
        for (int type = 0; type < 2; type++) {
            for (ArrayNode list : type == 0 ? List.of(single, pair) : List.of(pair)) {
                list.addObject().putObject("SpecialToken").put("id", bos).put("type_id", type);
                list.addObject()
                        .putObject("Sequence")
                        .put("id", type == 0 ? "A" : "B")
                        .put("type_id", type);
            }
        }
        ObjectNode special = json.putObject("special_tokens").putObject(bos).put("id", bos);
        special.putArray("ids").add(id);
        special.putArray("tokens").add(bos);
        return json;
    }

    private static ObjectNode configJson(Settings settings) {
        ObjectNode json = Json.object();
        settings.bosToken.ifPresent(t -> json.put("bos_token", t));
        json.put("clean_up_tokenization_spaces", false);
        settings.eosToken.ifPresent(t -> json.put("eos_token", t));
        settings.padToken.ifPresent(t -> json.put("pad_token", t));
        return json.put("tokenizer_class", "PreTrainedTokenizerFast");
    }
}
