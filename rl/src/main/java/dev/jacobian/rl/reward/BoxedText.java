// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

import java.util.Optional;

/**
 * The last {@code \boxed{…}} of a text, by the rules of the MATH data set's harness (Hendrycks et al., arXiv 2103.03874), quirks included.
 *
 * <ul>
 *   <li>Braces are counted, so that what is boxed may have braces of its own; a box that is never closed is none.
 *   <li>{@code \boxed 5} without braces goes up to the next dollar, and wins over boxes with braces, wherever they stand.
 *   <li>{@code \fbox{…}} is a box where there is no other, but nothing is read out of it.
 * </ul>
 */
final class BoxedText {
    private static final String BOXED = "\\boxed";
    private static final String FBOX = "\\fbox";
    private static final String BARE = BOXED + " ";
    private static final String OPEN = BOXED + "{";

    private BoxedText() {}

    /** The last box of a text, with the command that makes it. */
    static Optional<String> last(String text) {
        int bare = text.lastIndexOf(BARE);
        if (bare >= 0) {
            int dollar = text.indexOf('$', bare);
            return Optional.of(text.substring(bare, dollar < 0 ? text.length() : dollar));
        }
        int begin = Math.max(text.lastIndexOf(BOXED), text.contains(BOXED) ? -1 : text.lastIndexOf(FBOX));
        if (begin < 0) {
            return Optional.empty();
        }
        int open = 0;
        for (int i = begin; i < text.length(); i++) {
            char c = text.charAt(i);
            open += c == '{' ? 1 : c == '}' ? -1 : 0;
            if (c == '}' && open == 0) {
                return Optional.of(text.substring(begin, i + 1));
            }
        }
        return Optional.empty();
    }

    /** What is in a box; empty for one that is not written as a box is read. */
    static Optional<String> content(String box) {
        if (box.contains(BARE)) {
            return box.startsWith(BARE) ? Optional.of(box.substring(BARE.length())) : Optional.empty();
        }
        return box.startsWith(OPEN) && box.endsWith("}")
                ? Optional.of(box.substring(OPEN.length(), box.length() - 1))
                : Optional.empty();
    }

    /** What is in the last box of a text. */
    static Optional<String> lastContent(String text) {
        return last(text).flatMap(BoxedText::content);
    }
}
