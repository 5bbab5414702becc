// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What stands in {@code \boxed} and {@code \fbox}, the outer one where boxes are nested. */
final class Boxes {

    record Box(int start, int end, String content) {}

    private static final Pattern JOINED =
            Pattern.compile("(?:[\\s$.,;&•()-]|\\\\[\\[\\](),;! ]|and\\b|or\\b|\\\\(?:text|q?quad)\\b|\\{ ?(?:and|or),?"
                    + " ?\\}|[a-zA-Z]\\s*=)*+");
    private static final Pattern OR = Pattern.compile("\\bor\\b");

    private Boxes() {}

    static List<Box> in(String text) {
        List<Box> boxes = new ArrayList<>();
        int at = 0;
        while (true) {
            int boxed = text.indexOf("\\boxed", at);
            int framed = text.indexOf("\\fbox", at);
            int start = boxed < 0 ? framed : framed < 0 ? boxed : Math.min(boxed, framed);
            if (start < 0) {
                return boxes;
            }
            Box box = at(text, start, start + (start == boxed ? 6 : 5));
            if (!isDefinition(text, start)) {
                boxes.add(box);
            }
            at = box.end();
        }
    }

    private static boolean isDefinition(String text, int start) {
        return text.startsWith("\\newcommand{", Math.max(0, start - 12))
                || text.startsWith("\\renewcommand{", Math.max(0, start - 14));
    }

    private static Box at(String text, int start, int after) {
        int open = after;
        while (open < text.length() && text.charAt(open) == ' ') {
            open++;
        }
        if (open >= text.length()) {
            return new Box(start, text.length(), "");
        }
        if (text.charAt(open) != '{') {
            int end = open + 1;
            while (end < text.length()
                    && Character.isDigit(text.charAt(end - 1))
                    && Character.isDigit(text.charAt(end))) {
                end++;
            }
            return new Box(start, end, text.substring(open, end));
        }
        int depth = 0;
        for (int k = open; k < text.length(); k++) {
            char c = text.charAt(k);
            if (c == '\\') {
                k++;
            } else if (c == '{') {
                depth++;
            } else if (c == '}' && --depth == 0) {
                return new Box(start, k + 1, text.substring(open + 1, k));
            }
        }
        return new Box(start, text.length(), text.substring(open + 1));
    }

    /** The content of the last box together with those that are listed directly before it. */
    static String joined(String text, List<Box> boxes, int last) {
        int first = firstJoined(text, boxes, last);
        StringBuilder all = new StringBuilder();
        for (int k = first; k <= last; k++) {
            boolean or = k > first
                    && OR.matcher(text.substring(
                                    boxes.get(k - 1).end(), boxes.get(k).start()))
                            .find();
            all.append(k == first ? "" : or ? " \\text{ or } " : " , ")
                    .append(boxes.get(k).content());
        }
        return all.toString();
    }

    private static int firstJoined(String text, List<Box> boxes, int last) {
        int first = last;
        while (first > 0
                && isJoint(text.substring(
                        boxes.get(first - 1).end(), boxes.get(first).start()))) {
            first--;
        }
        return first;
    }

    /** Whether the last box only says again what those directly before it say. */
    static boolean isRepeated(String text, List<Box> boxes, int last) {
        List<Box> joined = boxes.subList(firstJoined(text, boxes, last), last + 1);
        String content = boxes.get(last).content();
        return joined.size() > 1
                && joined.stream().allMatch(box -> box.content().equals(content));
    }

    private static boolean isJoint(String between) {
        return between.length() < 60 && JOINED.matcher(between).matches();
    }
}
