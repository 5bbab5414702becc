// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.serve.openai;

import dev.jacobian.io.tokenizer.StreamingDecoder;
import dev.jacobian.io.tokenizer.Tokenizer;
import java.util.List;

/**
 * The text of one answer, token by token, up to the first stop string.
 *
 * <p>Text that may be the beginning of a stop string is held back: nothing of one is ever passed on, however tokens cut it.
 */
final class AnswerText {
    private final StreamingDecoder decoder;
    private final List<String> stops;
    private final boolean includeStop;
    private final StringBuilder held = new StringBuilder();
    private boolean isStopped;

    /**
     * @param skipSpecialTokens whether special tokens are left out
     * @param stops strings that end the answer
     * @param includeStop whether the string that ended it belongs to it
     */
    AnswerText(Tokenizer tokenizer, boolean skipSpecialTokens, List<String> stops, boolean includeStop) {
        this.decoder = tokenizer.streamingDecoder(skipSpecialTokens);
        this.stops = stops;
        this.includeStop = includeStop;
    }

    /** Takes a token; returns the text that is certain by it, which may be empty. */
    String push(int token) {
        return take(decoder.push(token), false);
    }

    /** Ends the answer; returns what was held back. */
    String finish() {
        return take(decoder.finish(), true);
    }

    /** Whether a stop string came: what follows is no part of the answer. */
    boolean isStopped() {
        return isStopped;
    }

    private String take(String piece, boolean isLast) {
        if (isStopped) {
            return "";
        }
        held.append(piece);
        int end = -1;
        for (String stop : stops) {
            int at = held.indexOf(stop);
            if (at >= 0 && (end < 0 || at + (includeStop ? stop.length() : 0) < end)) {
                end = at + (includeStop ? stop.length() : 0);
                isStopped = true;
            }
        }
        if (!isStopped) {
            end = isLast ? held.length() : held.length() - heldBack();
        }
        String text = held.substring(0, end);
        held.delete(0, end);
        return text;
    }

    /** Characters at the end that a stop string may begin with. */
    private int heldBack() {
        int most = 0;
        for (String stop : stops) {
            for (int n = Math.min(stop.length() - 1, held.length()); n > most; n--) {
                if (stop.startsWith(held.substring(held.length() - n))) {
                    most = n;
                }
            }
        }
        return most;
    }
}
