// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.chat.ChatRow;
import dev.jacobian.io.chat.ChatTemplate;
import dev.jacobian.io.chat.Messages;
import dev.jacobian.rl.sft.ExampleTokens;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.sft.SftRows;
import dev.jacobian.transformer.CausalLM;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * Rows of TRL's data sets as token ids: texts or conversations, with a prompt of their own or with one that chosen and rejected share.
 *
 * <p>Decisions: a prompt has the tokens that it has when the model is used, and a completion continues them ({@link ExampleTokens}). The
 * prompt of a pair without one is what both begin with: whole messages of conversations, characters of texts. What is longer than
 * {@code max_length} is cut, from the right unless told otherwise, and counted, or refused ({@code truncation_mode}).
 */
public final class RowEncoder {
    private final CausalLM model;
    private final ExampleTokens tokens;
    private final int limit;
    private final TruncationMode mode;
    private final int positions;
    private int truncated;
    private int ties;
    private int empty;

    /** For a model and the settings of a run. */
    RowEncoder(CausalLM model, OfflineConfig config) {
        this.model = model;
        boolean assistantOnly = config.method() instanceof DemonstrationMethod method
                && method.rows().assistantOnlyLoss();
        String eos = config.eosToken();
        this.tokens = new ExampleTokens(model, assistantOnly, Optional.of(eos).filter(token -> !token.isEmpty()));
        this.positions = model.config().maxPositions();
        this.limit = config.maxLength().orElse(Integer.MAX_VALUE);
        this.mode = config.truncationMode();
    }

    /** What is worth knowing of the rows that were encoded, each in a sentence. */
    List<String> remarks() {
        return Stream.of(
                        count(
                                truncated,
                                "sequences were longer than max_length and are cut (truncation_mode=error refuses"
                                        + " them)"),
                        count(ties, "pairs have the same chosen and rejected completion, which says nothing"),
                        count(empty, "completions have no token, which says nothing (max_length may have left none)"))
                .filter(remark -> !remark.isEmpty())
                .toList();
    }

    private static String count(int number, String what) {
        return number == 0 ? "" : number + " of the " + what;
    }

    /**
     * A text, a prompt with its completion, or a conversation.
     *
     * @param whole whether the prompt is learned too
     */
    ExampleTokens.Encoded demonstration(SftExample example, boolean whole) {
        ExampleTokens.Encoded encoded = tokens.encode(example);
        if (whole) {
            BitSet all = new BitSet();
            all.set(0, encoded.tokens().length);
            encoded = new ExampleTokens.Encoded(encoded.tokens(), all);
        }
        if (!encoded.teaches()) {
            throw new FormatException(
                    "the example",
                    "there is no token to learn from: nothing is said, or nothing that another token predicts",
                    "Leave such rows out (--skip-bad-rows)");
        }
        Kept kept = fitting(encoded.tokens().length);
        return new ExampleTokens.Encoded(
                Arrays.copyOfRange(encoded.tokens(), kept.from, kept.to),
                encoded.learned().get(kept.from, kept.to));
    }

    /** The example of supervised fine-tuning that a row holds. */
    SftExample read(JsonNode row) {
        return SftRows.example(row, "the row");
    }

    /** A pair: {@code chosen} and {@code rejected}, with {@code prompt} or behind what they share. */
    Preference preference(JsonNode row) {
        ObjectNode pair = row.has("prompt") ? (ObjectNode) row : withPrompt(row);
        int[][] chosen = continued(pair, "chosen");
        int[][] rejected = continued(pair, "rejected");
        Preference preference = new Preference(chosen[0], chosen[1], rejected[0], rejected[1]);
        ties += preference.isTie() ? 1 : 0;
        empty += chosen[1].length == 0 ? 1 : 0;
        empty += rejected[1].length == 0 ? 1 : 0;
        return preference;
    }

    /** A pair, for methods that need tokens of both completions: a mean over none is no number. */
    Preference withTokens(Preference pair) {
        if (pair.isEmpty()) {
            throw new FormatException(
                    "the example",
                    (pair.chosen().length == 0 ? "'chosen'" : "'rejected'") + " has no token behind a prompt of "
                            + pair.prompt().length + (limit == Integer.MAX_VALUE ? "" : " with max_length " + limit),
                    "Raise max_length, or leave such rows out (--skip-bad-rows)");
        }
        return pair;
    }

    /**
     * All of a text or conversation under a name, behind {@code prompt} if there is one.
     *
     * @return empty if it is longer than {@code max_length}: where it is cut off it would be scored for what it is not
     */
    Optional<int[]> whole(JsonNode row, String column) {
        int[] all = tokens.encode(wholeExample(row, column)).tokens();
        if (mode != TruncationMode.ERROR && all.length > limit) {
            return Optional.empty();
        }
        fitting(all.length);
        return Optional.of(all);
    }

    private static SftExample wholeExample(JsonNode row, String column) {
        if (row.hasNonNull("prompt")) {
            return example(row, column);
        }
        if (Messages.isConversation(row.path(column))) {
            ObjectNode copy = row.deepCopy();
            copy.set("messages", row.path(column));
            return SftExample.of(ChatRow.read(copy, "messages", "the row"));
        }
        if (!row.path(column).isTextual()) {
            throw new FormatException(
                    "the row",
                    "'" + column + "' must be a string, or a list of messages, found " + Json.excerpt(row.path(column)),
                    "Write one object with 'chosen' and 'rejected' per line");
        }
        return SftExample.text(row.get(column).textValue());
    }

    /** The {@code prompt} of a row, as the model sees it. */
    int[] prompt(JsonNode row) {
        if (ChatRow.has(row, "prompt")) {
            ChatTemplate template = ChatTemplate.require(model.tokenizer().config(), "the model");
            int[] prompt = template.render(
                            ChatRow.read(row, "prompt", "the row").prompt())
                    .encode(model.tokenizer());
            requireFits(prompt.length);
            return prompt;
        }
        if (!row.path("prompt").isTextual()) {
            throw new FormatException(
                    "the row",
                    "'prompt' must be a string, or a list of messages, found " + Json.excerpt(row.path("prompt")),
                    "Write one object with it per line, or with 'messages'");
        }
        int[] prompt = model.tokenizer().encodePrompt(row.get("prompt").textValue());
        requireFits(prompt.length);
        return prompt;
    }

    /** Refuses what the model has no positions for, or more than max_length. */
    void requireFits(int length) {
        if (length > Math.min(limit, positions)) {
            throw new FormatException(
                    "the example",
                    "the example has " + length + " tokens, more than "
                            + (limit <= positions ? "max_length " + limit : "the model's " + positions + " positions"),
                    "Shorten it, raise max_length, or leave such rows out (--skip-bad-rows)");
        }
    }

    /** Whether a token ends what the model says. */
    boolean isEnd(int token) {
        return model.eosTokenIds().contains(token);
    }

    /** Tokens that the model has. */
    int vocabulary() {
        return model.config().vocabularySize();
    }

    /** The token of a sequence that a model scores it by. */
    int scoredToken(int[] sequence) {
        return model.scoredToken(sequence);
    }

    /** Token ids of a text as it stands, without special tokens. */
    int[] plain(String text) {
        return model.tokenizer().encode(text, false);
    }

    /** The token that the tokenizer begins texts with, if it has one. */
    OptionalInt begin() {
        return model.tokenizer().bosId();
    }

    /** {@code prompt} and a completion under a name, cut where they are too long: {prompt, completion}. */
    int[][] continued(JsonNode row, String column) {
        return cut(tokens.encode(example(row, column)));
    }

    private int[][] cut(ExampleTokens.Encoded encoded) {
        Kept kept = fitting(encoded.tokens().length);
        int behind = Math.clamp(encoded.promptLength(), kept.from, kept.to);
        return new int[][] {
            Arrays.copyOfRange(encoded.tokens(), kept.from, behind),
            Arrays.copyOfRange(encoded.tokens(), behind, kept.to)
        };
    }

    private static SftExample example(JsonNode row, String column) {
        if (ChatRow.has(row, "prompt")) {
            ObjectNode copy = row.deepCopy();
            copy.set("completion", row.path(column));
            return SftExample.of(ChatRow.read(copy, "prompt", "the row"));
        }
        if (!row.path("prompt").isTextual() || !row.path(column).isTextual()) {
            throw new FormatException(
                    "the row",
                    "'prompt' and '" + column + "' must be strings, or lists of messages",
                    "Write one object with these per line");
        }
        return new SftExample(row.get("prompt").textValue(), row.get(column).textValue());
    }

    /** The row with what chosen and rejected begin with as the prompt. */
    private static ObjectNode withPrompt(JsonNode row) {
        ObjectNode pair = row.deepCopy();
        JsonNode chosen = row.path("chosen");
        JsonNode rejected = row.path("rejected");
        if (Messages.isConversation(chosen) && Messages.isConversation(rejected)) {
            int shared = 0;
            while (shared < Math.min(chosen.size(), rejected.size())
                    && chosen.get(shared).equals(rejected.get(shared))) {
                shared++;
            }
            pair.set("prompt", part(chosen, 0, shared));
            pair.set("chosen", part(chosen, shared, chosen.size()));
            pair.set("rejected", part(rejected, shared, rejected.size()));
            return pair;
        }
        if (!chosen.isTextual() || !rejected.isTextual()) {
            throw new FormatException(
                    "the row",
                    "'chosen' and 'rejected' must be strings, or lists of messages",
                    "Write one object with these two, and best with 'prompt', per line");
        }
        String first = chosen.textValue();
        String second = rejected.textValue();
        int shared = 0;
        while (shared < Math.min(first.length(), second.length()) && first.charAt(shared) == second.charAt(shared)) {
            shared++;
        }
        if (shared > 0 && first.charAt(shared - 1) == ' ') {
            shared--; // a blank belongs to the word behind it
        }
        pair.put("prompt", first.substring(0, shared));
        pair.put("chosen", first.substring(shared));
        pair.put("rejected", second.substring(shared));
        return pair;
    }

    private static ArrayNode part(JsonNode messages, int from, int to) {
        ArrayNode part = ((ArrayNode) messages).arrayNode();
        for (int i = from; i < to; i++) {
            part.add(messages.get(i));
        }
        return part;
    }

    /** How much of the beginning of so many tokens stays, where the end is no use without it. */
    int fittingStart(int length) {
        Kept kept = fitting(length);
        if (kept.from() > 0) {
            throw new FormatException(
                    "the example",
                    "truncation_mode=keep_end would cut the prompt of " + length + " tokens off",
                    "Use keep_start, or raise max_length");
        }
        return kept.to();
    }

    /** The tokens [from, to) of a sequence. */
    private record Kept(int from, int to) {}

    /** Which of so many tokens stay. */
    private Kept fitting(int length) {
        boolean cuts = mode != TruncationMode.ERROR;
        if (length > limit && cuts) {
            truncated++;
        }
        int fits = cuts ? Math.min(length, limit) : length;
        if (fits > Math.min(limit, positions)) {
            throw new FormatException(
                    "the example",
                    "the example has " + length + " tokens, more than "
                            + (limit <= positions
                                    ? "max_length " + limit
                                    : "the model's " + positions + " positions (max_length is " + limit + ")"),
                    "Shorten it, raise or lower max_length, or leave such rows out (--skip-bad-rows)");
        }
        return mode == TruncationMode.KEEP_END ? new Kept(length - fits, length) : new Kept(0, fits);
    }

    /** Whether somebody liked a completion: {@code label}, which in CSV is a word. */
    static boolean label(JsonNode row) {
        String word = row.path("label").asText().toLowerCase(Locale.ROOT);
        boolean known = word.equals("true") || word.equals("false");
        if (!known || row.path("label").isContainerNode()) {
            throw new FormatException(
                    "the row",
                    "'label' must be true or false, found " + Json.excerpt(row.path("label")),
                    "Say whether it was liked");
        }
        return word.equals("true");
    }

    /** The judged completions of a row: {@code completion} and {@code label}, or both halves of a pair. */
    List<Judged> judged(JsonNode row) {
        if (row.has("chosen") || row.has("rejected")) {
            JsonNode pair = row.has("prompt") ? row : withPrompt(row);
            return List.of(judged(pair, "chosen", true, true), judged(pair, "rejected", false, true));
        }
        boolean label = label(row);
        return List.of(judged(row, "completion", label, false));
    }

    private Judged judged(JsonNode row, String column, boolean desirable, boolean paired) {
        ExampleTokens.Encoded encoded = tokens.encode(example(row, column));
        int[][] cut = cut(encoded);
        empty += cut[1].length == 0 ? 1 : 0;
        int[] uncut = Arrays.copyOfRange(encoded.tokens(), encoded.promptLength(), encoded.tokens().length);
        return new Judged(cut[0], cut[1], desirable, paired, uncut, Math.min(limit, positions));
    }
}
