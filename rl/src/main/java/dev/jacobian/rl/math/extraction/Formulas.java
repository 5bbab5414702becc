// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The formulas between mathematics signs in a text. A dollar sign may be money: what is between two of them is no formula if it reads like
 * prose.
 */
final class Formulas {

    /** @param start of the opening sign; {@code end} is behind the closing one */
    record Span(int start, int end, String content) {}

    private static final Pattern PROSE = Pattern.compile("(?<![\\\\{a-zA-Z])[a-zA-Z]{2,} +[a-zA-Z]{2,}(?![a-zA-Z}])");

    private Formulas() {}

    static List<Span> in(String text) {
        List<Span> spans = new ArrayList<>();
        int at = 0;
        while (at < text.length()) {
            char c = text.charAt(at);
            Span span = null;
            if (c == '\\' && at + 1 < text.length()) {
                span = delimited(text, at);
                at += span == null ? 2 : 0;
            } else if (c == '$') {
                span = dollars(text, at);
                at += span == null ? 1 : 0;
            } else {
                at++;
            }
            if (span != null) {
                spans.add(span);
                at = span.end();
            }
        }
        return spans;
    }

    private static @dev.jacobian.tensor.Nullable Span delimited(String text, int at) {
        char kind = text.charAt(at + 1);
        if (kind != '(' && kind != '[') {
            return null;
        }
        int close = text.indexOf(kind == '(' ? "\\)" : "\\]", at + 2);
        return close < 0 ? null : new Span(at, close + 2, text.substring(at + 2, close));
    }

    private static @dev.jacobian.tensor.Nullable Span dollars(String text, int at) {
        boolean display = text.startsWith("$$", at);
        int from = at + (display ? 2 : 1);
        int close = closingDollar(text, from, display);
        if (close < 0) {
            return null;
        }
        String content = text.substring(from, close);
        boolean amount = !content.isEmpty() && Character.isDigit(content.charAt(0)) && content.endsWith(" ");
        if (content.isBlank() || amount || !display && PROSE.matcher(content).find() && content.indexOf('\\') < 0) {
            return null;
        }
        return new Span(at, close + (display ? 2 : 1), content);
    }

    /** Within a paragraph, and not so far that a text full of dollars takes long. */
    private static int closingDollar(String text, int from, boolean display) {
        int limit = Math.min(text.length(), from + 5_000);
        for (int k = from; k < limit; k++) {
            char c = text.charAt(k);
            if (c == '\\') {
                k++;
            } else if (c == '$' && (!display || text.startsWith("$$", k))) {
                return k;
            } else if (c == '\n' && !display && text.startsWith("\n\n", k)) {
                return -1;
            }
        }
        return -1;
    }

    /** The text with each formula blacked out, so that no full stop or word within one is seen. */
    static String masked(String text, List<Span> spans) {
        StringBuilder masked = new StringBuilder(text);
        for (Span span : spans) {
            for (int k = span.start(); k < span.end(); k++) {
                masked.setCharAt(k, '\u0001');
            }
        }
        return masked.toString();
    }
}
