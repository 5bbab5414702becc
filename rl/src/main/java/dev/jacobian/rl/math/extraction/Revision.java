// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.extraction;

import dev.jacobian.rl.math.expression.Work;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Second thoughts behind an answer: "The answer is 15. Wait, 3*4 = 12. So 12." */
final class Revision {

    private static final Pattern MARKER = Pattern.compile(
            "\\b(?:wait|oops|correction|sorry|I was wrong|I made an? (?:mistake|error)|let me"
                    + " re-?(?:check|do|compute|consider|calculate))\\b|\\b(?:that|this|it)(?:'s|\\s+is|\\s+was)"
                    + " (?:wrong|incorrect|not right)\\b|\\?\\s+No\\b",
            Pattern.CASE_INSENSITIVE);

    /** Farther behind the answer something else is spoken of. */
    private static final int FARTHEST = 1_000;

    private Revision() {}

    /** What the last sentence behind a marker says, if it says a value. */
    static Optional<FinalAnswer> in(String behind, Work work) {
        if (behind.length() > FARTHEST) {
            return Optional.empty();
        }
        Matcher marker = MARKER.matcher(behind);
        int from = -1;
        while (marker.find()) {
            from = marker.end();
        }
        if (from < 0) {
            return Optional.empty();
        }
        String after = behind.substring(from);
        List<int[]> sentences = Sentences.all(Formulas.masked(after, Formulas.in(after)));
        if (sentences.isEmpty()) {
            return Optional.empty();
        }
        int[] last = sentences.getLast();
        String sentence = after.substring(last[0], last[1]).replaceFirst("^[\\s,.;:!-]*(?:so\\b|no\\b)?[\\s,]*", "");
        return LastFormula.in(sentence, work)
                .filter(answer -> answer.texts().stream()
                        .anyMatch(text -> text.chars().anyMatch(c -> Character.isDigit(c) || c == '\\')));
    }
}
