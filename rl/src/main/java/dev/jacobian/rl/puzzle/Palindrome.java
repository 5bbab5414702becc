// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.Arrays;
import java.util.Locale;
import java.util.Map;

/** Letters that can be arranged to read the same in both directions. Every such arrangement is right. */
record Palindrome() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "palindrome",
                PuzzleFamily.STRINGS,
                "arrange letters to a palindrome; difficulty adds four letters",
                new Levels(1, 1, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        StringBuilder half = new StringBuilder();
        for (int i = 0; i < 1 + 2 * difficulty; i++) {
            half.append((char) ('a' + rng.nextInt(26)));
        }
        String palindrome = half.toString() + (char) ('a' + rng.nextInt(26)) + half.reverse();
        String letters = Words.join(
                Draws.shuffled(rng, palindrome.chars().mapToObj(c -> (char) c).toList()));
        return new Question(
                "Arrange all these letters to a word, real or not, that reads the same in both directions: " + letters,
                palindrome,
                Map.of("letters", letters.replace(" ", "")),
                sorted(palindrome));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        String word = answer.toLowerCase(Locale.ROOT);
        return sorted(word).equals(sorted(question.string("letters")))
                && new StringBuilder(word).reverse().toString().equals(word);
    }

    private static String sorted(String letters) {
        char[] sorted = letters.toCharArray();
        Arrays.sort(sorted);
        return new String(sorted);
    }
}
