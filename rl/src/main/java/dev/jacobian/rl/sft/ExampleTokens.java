// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sft;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Demonstrations as token ids: the prompt as it is encoded when the model is used, then the completion as a continuation of it,
 * then one end token.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The tokens decode to the file's text. Tokenizers in SentencePiece's manner put a blank in front of whatever they encode,
 *       and a completion encoded for itself would teach the model {@code 2+2= 4}. So a completion that comes out with such a
 *       blank is encoded again behind something: its own prompt, if the prompt's tokens stay as they are, or else a short text
 *       whose tokens are cut off again.
 *   <li>Nothing comes between prompt and completion, also where a tokenizer's template ends each text with a token.
 *   <li>One end token: a completion that brings its own (rendered by a chat template, say) gets no second one.
 * </ul>
 */
public final class ExampleTokens {
    /** What a completion is encoded behind, where the prompt does not do: texts whose last token seldom merges with more. */
    private static final List<String> ANCHORS = List.of("\n", ".", "a", "0", ")", "|");

    private final Tokenizer tokenizer;
    private final ConversationTokens conversations;
    private final boolean assistantOnly;
    private final Set<Integer> ends;
    private final int end;
    private final int before; // tokens that the template puts in front of every text

    /**
     * Of a model's tokenizer.
     *
     * @param assistantOnly whether only what the assistant says is learned of conversations
     * @param eosToken the end token that is appended, if not the model's own
     * @throws IllegalStateException if the model has no end token
     * @throws IllegalArgumentException if the tokenizer has no such end token
     */
    public ExampleTokens(CausalLM model, boolean assistantOnly, Optional<String> eosToken) {
        this(
                model.tokenizer(),
                eosToken.<Set<Integer>>map(token -> Set.of(model.tokenizer()
                                .idOf(token)
                                .orElseThrow(() -> new IllegalArgumentException(
                                        "eos_token '" + token + "' is no token of the model's tokenizer"))))
                        .orElseGet(model::eosTokenIds),
                assistantOnly);
    }

    ExampleTokens(Tokenizer tokenizer, Set<Integer> ends) {
        this(tokenizer, ends, false);
    }

    private ExampleTokens(Tokenizer tokenizer, Set<Integer> ends, boolean assistantOnly) {
        this.tokenizer = tokenizer;
        this.conversations = new ConversationTokens(tokenizer, assistantOnly);
        this.assistantOnly = assistantOnly;
        this.ends = ends;
        this.before = tokenizer.encodePrompt("").length;
        this.end = ends.stream()
                .findFirst()
                .orElseThrow(() -> new IllegalStateException(
                        "the model has no end token; give eos_token_id in generation_config.json"));
    }

    /**
     * An example's tokens, and which of them are learned.
     *
     * @param tokens prompt, completion, end token
     * @param learned the places of those that are learned
     */
    public record Encoded(int[] tokens, BitSet learned) {
        /** How they are kept. */
        public static final RecordCodec<Encoded> CODEC = RecordCodec.of(
                (encoded, out) -> out.integers(encoded.tokens).places(encoded.learned),
                in -> new Encoded(in.integers(), in.places()));

        /** All behind the prompt are learned. */
        public static Encoded behind(int promptLength, int[] tokens) {
            BitSet learned = new BitSet(tokens.length);
            learned.set(promptLength, tokens.length);
            return new Encoded(tokens, learned);
        }

        /** The tokens that are given before the first one that is learned. */
        public int promptLength() {
            return learned.isEmpty() ? tokens.length : learned.nextSetBit(0);
        }

        /** The tokens, with {@link LabelledBatch#IGNORE} for those that are not learned. */
        public int[] labels() {
            int[] labels = tokens.clone();
            for (int i = learned.nextClearBit(0); i < labels.length; i = learned.nextClearBit(i + 1)) {
                labels[i] = LabelledBatch.IGNORE;
            }
            return labels;
        }

        /** Whether a token is learned that another one predicts. */
        public boolean teaches() {
            return learned.nextSetBit(1) >= 0;
        }
    }

    /** @throws FormatException if it is a text of which only what the assistant says was to be learned, or as conversations are refused */
    public Encoded encode(SftExample example) {
        if (example.chat().isPresent()) {
            return conversations.encode(example.chat().get());
        }
        if (assistantOnly) {
            throw new FormatException(
                    "the example",
                    "assistant_only_loss is of conversations, and this is a prompt and a completion as texts",
                    "Write it as 'messages', or leave assistant_only_loss out");
        }
        int[] prompt = tokenizer.encodePrompt(example.prompt());
        int[] all = joined(prompt, continuation(prompt, example));
        return Encoded.behind(prompt.length, ended(all, prompt.length));
    }

    private int[] continuation(int[] prompt, SftExample example) {
        String completion = example.completion();
        int[] alone = tokenizer.encode(completion, false);
        String shown = text(prompt);
        String wanted = shown + completion;
        if (completion.isEmpty() || text(joined(prompt, alone)).equals(wanted)) {
            return alone;
        }
        Optional<int[]> behindPrompt =
                behind(example.prompt(), prompt, tokenizer.encodePrompt(example.prompt() + completion));
        if (behindPrompt.isPresent() && text(joined(prompt, behindPrompt.get())).equals(wanted)) {
            return behindPrompt.get();
        }
        for (String anchor : ANCHORS) {
            Optional<int[]> behindAnchor =
                    behind(anchor, tokenizer.encode(anchor, false), tokenizer.encode(anchor + completion, false));
            if (behindAnchor.isPresent()
                    && text(joined(prompt, behindAnchor.get())).equals(wanted)) {
                return behindAnchor.get();
            }
        }
        // A tokenizer that changes the text (to lower case, say) cannot give it back. Its own version must not grow a
        // blank.
        boolean grows = !text(joined(prompt, alone)).equals(shown + decode(alone));
        return grows ? behindPrompt.orElse(alone) : alone;
    }

    /** What is left of the whole's tokens behind a beginning that they share. */
    private static Optional<int[]> behind(String beginning, int[] first, int[] whole) {
        boolean begins = !beginning.isEmpty()
                && whole.length >= first.length
                && Arrays.equals(first, 0, first.length, whole, 0, first.length);
        return begins ? Optional.of(Arrays.copyOfRange(whole, first.length, whole.length)) : Optional.empty();
    }

    /** With exactly one end token, unless only blanks stand behind one that the completion has already. */
    private int[] ended(int[] tokens, int promptLength) {
        int last = tokens.length;
        while (last > promptLength && ends.contains(tokens[last - 1])) {
            last--;
        }
        if (last < tokens.length) {
            return Arrays.copyOf(tokens, last + 1); // the first of those at the end: generation stops there
        }
        for (int at = tokens.length - 1; at >= promptLength; at--) {
            if (ends.contains(tokens[at])) {
                return decode(Arrays.copyOfRange(tokens, at + 1, tokens.length)).isBlank()
                        ? Arrays.copyOf(tokens, at + 1)
                        : joined(tokens, new int[] {end});
            }
        }
        return joined(tokens, new int[] {end});
    }

    /** The text of a prompt's tokens and what follows; the first blank of a text counts as the tokenizer has it. */
    private String text(int[] ids) {
        return decode(Arrays.copyOfRange(ids, Math.min(before, ids.length), ids.length));
    }

    private String decode(int[] ids) {
        return tokenizer.decode(ids, false);
    }

    private static int[] joined(int[] first, int[] second) {
        int[] all = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, all, first.length, second.length);
        return all;
    }
}
