// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.Locale;

/** A text from its last letter to its first, blanks where they fall. */
record Reversal() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "reversal",
                PuzzleFamily.STRINGS,
                "write a text backwards; difficulty adds a word",
                new Levels(1, 1, 8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        String text = Words.join(Draws.some(rng, Vocabulary.WORDS, 1 + difficulty));
        return new Question(
                "Write this text backwards, letter by letter: " + text,
                new StringBuilder(text).reverse().toString());
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.of(answer.toLowerCase(Locale.ROOT)).equals(Words.of(question.string("answer")));
    }
}
