// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.List;
import java.util.Locale;

/** A text whose letters were moved along the alphabet. */
record Caesar() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "caesar",
                PuzzleFamily.STRINGS,
                "undo a shift of the letters; difficulty adds two words, and from 4 on the shift is not told but one"
                        + " word is",
                Levels.upTo(6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        List<String> words = Draws.some(rng, Vocabulary.WORDS, 2 * difficulty);
        int shift = Draws.between(rng, 1, 25);
        String text = Words.join(words);
        StringBuilder moved = new StringBuilder();
        text.chars().forEach(c -> moved.append(c == ' ' ? ' ' : (char) ('a' + (c - 'a' + shift) % 26)));
        String hint = difficulty < HIDDEN
                ? "by " + shift + " places in the alphabet (z comes before a)"
                : "by the same number of places in the alphabet (z comes before a); one of its words is "
                        + Draws.pick(rng, words);
        return new Question(
                "Each letter of a text was moved forward " + hint + ". The result is: " + moved + ". Write the text.",
                text);
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.of(answer.toLowerCase(Locale.ROOT)).equals(Words.of(question.string("answer")));
    }

    private static final int HIDDEN = 4;
}
