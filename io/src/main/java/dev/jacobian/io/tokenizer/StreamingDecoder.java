// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import java.util.Arrays;

/**
 * Decodes ids one by one. The pieces, joined, are the text of all the ids.
 *
 * <p>A character may be spread over several tokens, so text that ends in an unfinished character is held back. The new
 * text is found by decoding a short window of ids with and without the newest: the ids that gave the last piece stay in
 * the window, because what a token decodes to may depend on the one before it (a leading space is dropped at the start
 * of a text only).
 *
 * <p>For one thread, and one text.
 */
public final class StreamingDecoder {
    private static final String UNFINISHED = "\uFFFD";

    private final Tokenizer tokenizer;
    private final boolean skipSpecialTokens;
    private int[] window = new int[16];
    private int size;
    private int emitted; // how many ids at the start of the window have given their text
    private String prefix = ""; // the text of those

    StreamingDecoder(Tokenizer tokenizer, boolean skipSpecialTokens) {
        this.tokenizer = tokenizer;
        this.skipSpecialTokens = skipSpecialTokens;
    }

    /** Takes one id and returns the text that it completes, which may be empty. */
    public String push(int id) {
        if (size == window.length) {
            window = Arrays.copyOf(window, size * 2);
        }
        window[size++] = id;
        String text = tokenizer.decode(window, 0, size, skipSpecialTokens);
        return text.length() <= prefix.length() || text.endsWith(UNFINISHED) ? "" : emit(text);
    }

    /** Ends the text: returns what was held back, with U+FFFD for characters that were never finished. */
    public String finish() {
        String text = tokenizer.decode(window, 0, size, skipSpecialTokens);
        String rest = text.length() <= prefix.length() ? "" : emit(text);
        size = 0;
        emitted = 0;
        prefix = "";
        return rest;
    }

    private String emit(String text) {
        String piece;
        if (text.startsWith(prefix)) {
            piece = text.substring(prefix.length());
        } else {
            // Invalid bytes have changed what the window's earlier bytes decode to. Those are out; go on behind them.
            piece = tokenizer.decode(window, emitted, size, skipSpecialTokens);
        }
        System.arraycopy(window, emitted, window, 0, size - emitted);
        size -= emitted;
        emitted = size;
        prefix = tokenizer.decode(window, 0, size, skipSpecialTokens);
        return piece;
    }
}
