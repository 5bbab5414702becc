// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.tokenizer;

import dev.jacobian.io.FormatException;
import dev.jacobian.io.tokenizer.TextPattern.Span;
import java.util.Arrays;
import java.util.List;

/** What becomes of the matches when a text is split at them. The examples split {@code the-final--countdown} at '-'. */
enum SplitBehavior {
    /** Matches are dropped: {@code the, final, countdown}. */
    REMOVED("Removed"),
    /** Each match is a piece of its own: {@code the, -, final, -, -, countdown}. */
    ISOLATED("Isolated"),
    /** A match ends the piece before it: {@code the-, final-, -, countdown}. */
    MERGED_WITH_PREVIOUS("MergedWithPrevious"),
    /** A match begins the piece after it: {@code the, -final, -, -countdown}. */
    MERGED_WITH_NEXT("MergedWithNext"),
    /** Neighbouring matches are one piece: {@code the, -, final, --, countdown}. */
    CONTIGUOUS("Contiguous");

    private final String spelling;

    SplitBehavior(String spelling) {
        this.spelling = spelling;
    }

    static SplitBehavior of(String spelling, String where) {
        return Arrays.stream(values())
                .filter(b -> b.spelling.equals(spelling))
                .findFirst()
                .orElseThrow(() -> new FormatException(
                        where,
                        "the split behavior '" + spelling + "' is not known",
                        "Known are "
                                + Arrays.stream(values()).map(b -> b.spelling).toList()));
    }

    /** Appends the pieces of {@code text} to {@code out}; empty pieces vanish. */
    void apply(String text, List<Span> spans, List<String> out) {
        int start = 0; // of the piece that is growing
        for (int i = 0; i < spans.size(); i++) {
            Span span = spans.get(i);
            if (this == REMOVED && span.isMatch()) {
                start = span.end();
                continue;
            }
            if (i + 1 < spans.size() && joins(span, spans.get(i + 1))) {
                continue;
            }
            if (span.end() > start) {
                out.add(text.substring(start, span.end()));
            }
            start = span.end();
        }
    }

    private boolean joins(Span left, Span right) {
        return switch (this) {
            case REMOVED, ISOLATED -> false;
            case MERGED_WITH_PREVIOUS -> right.isMatch() && !left.isMatch();
            case MERGED_WITH_NEXT -> left.isMatch() && !right.isMatch();
            case CONTIGUOUS -> left.isMatch() == right.isMatch();
        };
    }
}
