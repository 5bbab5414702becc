// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Optional;

/**
 * Finds {@code <answer>…</answer>} in what a model wrote.
 *
 * <p>Decision: what counts is the last pair of tags with no tag between them. A completion may speak of the tags before it
 * uses them ({@code I use <answer> tags. <answer>5</answer>}) or after, and neither should hide the answer. Searched with
 * {@link String#lastIndexOf} and not with a regular expression, whose stack grows with the text.
 */
final class AnswerTag {
    private static final String OPEN = "<answer>";
    private static final String CLOSE = "</answer>";

    private AnswerTag() {}

    /** The content of the last pair, without blanks around it. */
    static Optional<String> last(String text) {
        int close = text.lastIndexOf(CLOSE);
        while (close >= 0) {
            int open = text.lastIndexOf(OPEN, close - OPEN.length());
            int closedBefore = text.lastIndexOf(CLOSE, close - 1);
            if (open >= 0 && open > closedBefore) {
                return Optional.of(Blanks.strip(text.substring(open + OPEN.length(), close)));
            }
            close = closedBefore;
        }
        return Optional.empty();
    }
}
