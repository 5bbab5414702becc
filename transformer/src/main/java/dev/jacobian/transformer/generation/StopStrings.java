// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.generation;

import dev.jacobian.io.tokenizer.Tokenizer;
import dev.jacobian.transformer.generation.processor.TokenHistory;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Texts that end a continuation, however tokens divide them.
 *
 * <p>Decisions, which are transformers': a text ends it as soon as the newest token completes it, also in the middle of the token,
 * and also if it begins in the prompt; special tokens have their text here. The continuation keeps the token with all that
 * it says. Whoever shows only what is before the text cuts it off with {@link #before}.
 *
 * <p>It remembers nothing: the last tokens are decoded at each step, as many as the longest text can be spread over.
 */
public final class StopStrings {
    /** A character is spread over no more tokens: the bytes that UTF-8 needs for it. */
    private static final int TOKENS_PER_CHARACTER = 4;

    private static final String UNFINISHED = "\uFFFD";

    private final Tokenizer tokenizer;
    private final List<String> strings;
    private final int window;

    /**
     * Some texts.
     *
     * @param strings none empty
     */
    public StopStrings(Tokenizer tokenizer, List<String> strings) {
        this.tokenizer = tokenizer;
        this.strings = List.copyOf(strings);
        int longest = strings.stream().mapToInt(String::length).max().orElse(0);
        this.window = (longest + 1) * TOKENS_PER_CHARACTER;
    }

    /** The text that the newest token completes; of several the one that begins first. */
    public Optional<String> completed(TokenHistory tokens) {
        if (strings.isEmpty() || tokens.newTokens() == 0) {
            return Optional.empty();
        }
        int from = Math.max(0, tokens.length() - window);
        int[] last = new int[tokens.length() - from];
        for (int i = 0; i < last.length; i++) {
            last[i] = tokens.get(from + i);
        }
        String before = tokenizer.decode(Arrays.copyOf(last, last.length - 1), false);
        while (before.endsWith(UNFINISHED)) {
            before = before.substring(0, before.length() - 1);
        }
        String text = tokenizer.decode(last, false);
        Optional<String> completed = Optional.empty();
        int first = Integer.MAX_VALUE;
        for (String string : strings) {
            int start = text.indexOf(string, Math.max(0, before.length() - string.length() + 1));
            if (start >= 0 && start < first) {
                first = start;
                completed = Optional.of(string);
            }
        }
        return completed;
    }

    /** What a text says before a stop string; all of it if that does not occur, as where it began in the prompt. */
    public static String before(String text, String stopString) {
        int start = text.indexOf(stopString);
        return start < 0 ? text : text.substring(0, start);
    }
}
