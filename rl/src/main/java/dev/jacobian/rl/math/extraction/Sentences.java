// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Where sentences end. Works on a text whose formulas are blacked out. */
final class Sentences {

    private static final Pattern ABBREVIATION = Pattern.compile(
            "\\b(?:approx|sq|cu|vs|no|st|mr|mrs|dr|ft|fig|eq|ca|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)$",
            Pattern.CASE_INSENSITIVE);

    private Sentences() {}

    /** The end of the sentence that begins at an index: behind its full stop, or before the line's end. */
    static int end(String masked, int from) {
        for (int k = from; k < masked.length(); k++) {
            char c = masked.charAt(k);
            if (c == '\n') {
                return k;
            }
            if ((c == '.' || c == '?' || c == '!') && isEnd(masked, k)) {
                return k + 1;
            }
        }
        return masked.length();
    }

    private static boolean isEnd(String text, int stop) {
        if (stop + 1 == text.length() || text.charAt(stop + 1) == '\n') {
            return true;
        }
        if (!Character.isWhitespace(text.charAt(stop + 1))) {
            return false;
        }
        boolean abbreviation = stop >= 2 && Character.isLetter(text.charAt(stop - 1)) && text.charAt(stop - 2) == '.';
        int next = stop + 1;
        while (next < text.length() && text.charAt(next) == ' ') {
            next++;
        }
        if (text.charAt(stop) != '.') {
            return next < text.length() && Character.isUpperCase(text.charAt(next));
        }
        return !abbreviation
                && !ABBREVIATION
                        .matcher(text.substring(Math.max(0, stop - 8), stop))
                        .find();
    }

    /** Start and end of each sentence that is not blank. */
    static List<int[]> all(String masked) {
        List<int[]> sentences = new ArrayList<>();
        int start = 0;
        while (start < masked.length()) {
            int end = Math.max(end(masked, start), start + 1);
            if (!masked.substring(start, Math.min(end, masked.length())).isBlank()) {
                sentences.add(new int[] {start, end});
            }
            start = end;
        }
        return sentences;
    }
}
