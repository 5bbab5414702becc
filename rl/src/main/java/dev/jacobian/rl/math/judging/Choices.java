// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.reading.Words;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** Letters of multiple choice: (B), B., B) 12. */
public final class Choices {

    private static final Pattern GOLD =
            Pattern.compile("\\(([A-J])\\)\\.?(?:\\s.*)?|([A-J])[.)]?(?:\\s.*)?|([A-J]):.*");
    private static final Pattern ANSWER =
            Pattern.compile("(?i:the )?(?i:option |choice |answer |选项? ?)?(?:\\(([A-Ja-j])\\)|([A-J])\\b(?=[.:),]|$|"
                    + " (?:because|since|as|is)\\b)|([b-j])$)(.*)");
    private static final Pattern ANOTHER = Pattern.compile("^[\\s,.;:&]*(?:and |or )?\\(?[A-J]\\)?(?:[\\s,.;:)]|$).*");

    private Choices() {}

    /** Several letters: AC, A and C. */
    private static final Pattern SEVERAL = Pattern.compile("\\(?([A-J])(?:(?:[,;& ]|and|\\)|\\()*([A-J]))+\\)?");

    /** Whether an answer chooses the letter of the reference; empty if the reference is no letter, or the answer none. */
    public static Optional<Boolean> same(String gold, List<String> answers) {
        Optional<Boolean> several = several(Words.plain(gold), answers);
        if (several.isPresent()) {
            return several;
        }
        Matcher meant = GOLD.matcher(Words.plain(gold));
        if (!meant.matches() || meant.group(2) != null && Words.plain(gold).length() > 2) {
            return Optional.empty();
        }
        String letter =
                meant.group(1) != null ? meant.group(1) : meant.group(2) != null ? meant.group(2) : meant.group(3);
        for (String answer : answers) {
            Matcher chosen = ANSWER.matcher(Words.plain(answer));
            if (chosen.lookingAt()) {
                String found = chosen.group(1) != null
                        ? chosen.group(1)
                        : chosen.group(2) != null ? chosen.group(2) : chosen.group(3);
                return Optional.of(found.toUpperCase(Locale.ROOT).equals(letter)
                        && !ANOTHER.matcher(chosen.group(4)).matches());
            }
        }
        return Optional.empty();
    }

    /** The same letters in any order; only if both sides are letters and at least one has marks between them. */
    private static Optional<Boolean> several(String gold, List<String> answers) {
        if (!SEVERAL.matcher(gold).matches()) {
            return Optional.empty();
        }
        for (String answer : answers) {
            String words = Words.plain(answer).replaceFirst("[.]$", "");
            if (SEVERAL.matcher(words).matches()) {
                return Optional.of(letters(gold).equals(letters(words)));
            }
        }
        return Optional.empty();
    }

    private static TreeSet<Integer> letters(String text) {
        return text.chars().filter(Character::isUpperCase).boxed().collect(Collectors.toCollection(TreeSet::new));
    }
}
