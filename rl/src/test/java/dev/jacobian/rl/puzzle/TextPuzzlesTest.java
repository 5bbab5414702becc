// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;

/** Puzzles with words and lists, solved once more from their texts. */
class TextPuzzlesTest {
    @Test
    void letterCount() {
        Asked.each("letter-count", asked -> {
            String text = asked.text().substring(asked.text().indexOf('?') + 1);
            int count = 0;
            for (char c : text.toCharArray()) {
                count += c == asked.find("are (\\w) or").charAt(0)
                                || c == asked.find("or (\\w)\\?").charAt(0)
                        ? 1
                        : 0;
            }
            assertThat(asked.answer()).isEqualTo(Integer.toString(count));
        });
    }

    @Test
    void sorting() {
        Asked.each("sorting", asked -> {
            List<Integer> given = Asked.integers(asked.text());
            List<Integer> answer = Asked.integers(asked.answer());
            assertThat(answer).containsExactlyInAnyOrderElementsOf(given);
            int sign = asked.text().contains("ascending") ? 1 : -1;
            for (int i = 1; i < answer.size(); i++) {
                assertThat(sign * answer.get(i - 1)).isLessThanOrEqualTo(sign * answer.get(i));
            }
            assertThat(asked.solvedBy(Words.join(answer, ", "))).isTrue();
            assertThat(asked.solvedBy(Words.join(given))).isEqualTo(given.equals(answer));
            assertThat(asked.solvedBy(Words.join(answer.reversed()))).isFalse();
        });
    }

    @Test
    void wordSorting() {
        Asked.each("word-sorting", asked -> {
            List<String> words =
                    new ArrayList<>(Words.of(asked.text().substring(asked.text().lastIndexOf(':') + 1)));
            List<String> answer = Words.of(asked.answer());
            assertThat(answer).containsExactlyInAnyOrderElementsOf(words);
            for (int i = 1; i < answer.size(); i++) {
                assertThat(key(asked.text(), answer.get(i - 1))).isLessThan(key(asked.text(), answer.get(i)));
            }
            assertThat(asked.solvedBy(String.join(", ", answer).toUpperCase(Locale.ROOT)))
                    .isTrue();
            assertThat(asked.solvedBy(String.join(" ", answer.reversed()))).isFalse();
        });
    }

    /** A text whose alphabetical order is the order that is asked for. */
    private static String key(String text, String word) {
        return text.contains("from the end")
                ? new StringBuilder(word).reverse().toString()
                : text.contains("shortest") ? word.length() + word : word;
    }

    @Test
    void caesar() {
        Asked.each("caesar", asked -> {
            String moved = asked.find("result is: (.*?)\\. ");
            List<String> shifts = new ArrayList<>();
            for (int shift = 1; shift < 26; shift++) {
                StringBuilder back = new StringBuilder();
                for (char c : moved.toCharArray()) {
                    back.append(c == ' ' ? c : (char) ('a' + (c - 'a' + 26 - shift) % 26));
                }
                boolean told = asked.text().contains("by " + shift + " places");
                boolean hinted = asked.text().contains("one of its words is")
                        && Words.of(back.toString()).contains(asked.find("words is (\\w+)\\. "));
                assertThat(asked.solvedBy(back)).isEqualTo(told || hinted);
                if (told || hinted) {
                    shifts.add(back.toString());
                }
            }
            assertThat(shifts).containsExactly(asked.answer());
        });
    }

    @Test
    void reversal() {
        Asked.each("reversal", asked -> {
            String text = asked.text().substring(asked.text().indexOf(": ") + 2);
            StringBuilder backwards = new StringBuilder();
            for (int i = text.length() - 1; i >= 0; i--) {
                backwards.append(text.charAt(i));
            }
            assertThat(asked.answer()).isEqualTo(backwards.toString());
            assertThat(asked.solvedBy(text)).isFalse();
        });
    }

    @Test
    void palindrome() {
        Asked.each("palindrome", asked -> {
            String letters =
                    asked.text().substring(asked.text().indexOf(": ") + 2).replace(" ", "");
            String word = asked.answer();
            assertThat(word.chars().sorted().toArray())
                    .isEqualTo(letters.chars().sorted().toArray());
            assertThat(asked.solvedBy(word.toUpperCase(Locale.ROOT))).isTrue();
            int half = word.length() / 2;
            String other = word.substring(1, half) + word.charAt(0); // another order of the same half
            String turned = other + word.charAt(half) + new StringBuilder(other).reverse();
            assertThat(asked.solvedBy(turned)).as("any palindrome").isTrue();
            assertThat(asked.solvedBy(word + word.charAt(0))).isFalse();
            assertThat(asked.solvedBy("a" + word + "a")).isFalse();
        });
    }
}
