// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.reading;

import java.util.ArrayDeque;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What stands around an answer and says nothing: blanks, dollars, doubled brackets, a full stop. */
public final class Wrapping {

    private static final int MOST_LAYERS = 50;

    private static final Pattern ANNOUNCEMENT = Pattern.compile(
            "\\\\text(?:bf|it|rm)?\\s*\\{\\s*(?:(?:the\\s+)?(?:final\\s+)?(?:answer|solution|result)(?:\\s+is)?|so|thus|hence|therefore|there\\s+are|we\\s+(?:get|have)|(?:the\\s+)?total(?:\\s+is)?|\\([a-e]\\))\\s*[:,=]?\\s*\\}",
            Pattern.CASE_INSENSITIVE);

    private static final Pattern ANNOUNCED = Pattern.compile(
            "\\\\text(?:bf|it|rm)?\\s*\\{\\s*(?:the\\s+)?(?:final\\s+)?answer(?:\\s+is|\\s*:)\\s*([^{}]+)\\}",
            Pattern.CASE_INSENSITIVE);

    private Wrapping() {}

    /** The text without it. */
    public static String without(String text) {
        String inner = text.strip();
        for (int layer = 0; layer < MOST_LAYERS; layer++) {
            String outer = inner;
            inner = withoutDollars(inner);
            inner = withoutStop(inner);
            inner = withoutAnnouncement(inner);
            inner = withoutBraces(inner);
            if (inner.length() == outer.length()) {
                break;
            }
        }
        return inner;
    }

    /** {@code \text{Answer: }5}: in a box as well it is announced. */
    private static String withoutAnnouncement(String text) {
        if (!text.startsWith("\\text")) {
            return text;
        }
        Matcher whole = ANNOUNCED.matcher(text);
        if (whole.matches()) {
            return whole.group(1);
        }
        Matcher announced = ANNOUNCEMENT.matcher(text);
        return announced.lookingAt() && announced.end() < text.length() ? text.substring(announced.end()) : text;
    }

    private static String withoutDollars(String text) {
        if (text.length() > 1 && text.startsWith("$") && text.endsWith("$")) {
            int signs = text.startsWith("$$") && text.endsWith("$$") && text.length() > 3 ? 2 : 1;
            return text.substring(signs, text.length() - signs).strip();
        }
        if (text.length() > 3
                && (text.startsWith("\\(") && text.endsWith("\\)") || text.startsWith("\\[") && text.endsWith("\\]"))) {
            return text.substring(2, text.length() - 2).strip();
        }
        return text;
    }

    private static String withoutStop(String text) {
        int end = text.length();
        while (end > 0
                && (text.charAt(end - 1) == '.' || text.charAt(end - 1) == ',' || text.charAt(end - 1) == ';')
                && !text.startsWith("..", Math.max(0, end - 2))
                && !isLetterBefore(text, end - 1)
                && !text.startsWith("\\", Math.max(0, end - 2))) {
            end--;
        }
        if (text.endsWith("\\;") || text.endsWith("\\,") || text.endsWith("\\!") || text.endsWith("\\:")) {
            end = text.length() - 2;
        }
        return text.substring(0, end).strip();
    }

    /** The dot of p.m. stays. */
    private static boolean isLetterBefore(String text, int at) {
        return text.charAt(at) == '.'
                && at > 1
                && Character.isLetter(text.charAt(at - 1))
                && text.charAt(at - 2) == '.';
    }

    /** Braces around all of it, and brackets directly within brackets; one pass, whatever their number. */
    private static String withoutBraces(String text) {
        int from = 0;
        int to = text.length();
        if (to < 2 || !(text.charAt(0) == '{' || text.startsWith("(("))) {
            return text;
        }
        int[] partner = partners(text);
        while (to - from > 1
                && partner[from] == to - 1
                && (text.charAt(from) == '{'
                                && (text.charAt(from + 1) == '{' && partner[from + 1] == to - 2
                                        || !hasComma(text, from, to))
                        || text.charAt(from) == '(' && text.charAt(from + 1) == '(' && partner[from + 1] == to - 2)) {
            from++;
            to--;
        }
        return text.substring(from, to).strip();
    }

    private static boolean hasComma(String text, int from, int to) {
        int comma = text.indexOf(',', from);
        return comma >= 0 && comma < to;
    }

    private static int[] partners(String text) {
        int[] partner = new int[text.length()];
        java.util.Arrays.fill(partner, -1);
        ArrayDeque<Integer> open = new ArrayDeque<>();
        for (int k = 0; k < text.length(); k++) {
            char c = text.charAt(k);
            if (c == '\\') {
                k++;
            } else if (c == '{' || c == '(') {
                open.push(k);
            } else if ((c == '}' || c == ')') && !open.isEmpty()) {
                int start = open.pop();
                partner[start] = text.charAt(start) == '{' == (c == '}') ? k : -1;
            }
        }
        return partner;
    }
}
