// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.List;

/** How often either of two letters occurs. The first occurs in the words, so that the answer is not nearly always 0. */
record LetterCount() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "letter-count",
                PuzzleFamily.COUNTING,
                "count two letters in a row of words; difficulty adds three words",
                new Levels(1, 2, 8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        List<String> words = Draws.some(rng, Vocabulary.WORDS, 1 + 3 * difficulty);
        String text = Words.join(words);
        char first = Draws.pick(rng, words).charAt(0);
        char second;
        do {
            second = (char) ('a' + rng.nextInt(26));
        } while (second == first);
        char other = second;
        long count = text.chars().filter(c -> c == first || c == other).count();
        return new Question(
                "How many letters of this text are " + first + " or " + other + "? " + text, Long.toString(count));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.isInteger(answer, question.string("answer"));
    }
}
