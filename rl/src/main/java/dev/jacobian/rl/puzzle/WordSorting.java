// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;

/** Words in one of three orders, each of which is total on different words. */
record WordSorting() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "word-sorting",
                PuzzleFamily.SORTING,
                "bring words into order by their first letters, their last letters or their length; difficulty adds"
                        + " two words",
                new Levels(1, 2, 8));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        List<String> words = Draws.some(rng, Vocabulary.WORDS, 2 + 2 * difficulty);
        Order order = Draws.pick(rng, List.of(Order.values()));
        return new Question(
                "Sort these words " + order.rule + ". Write them separated by blanks: " + Words.join(words),
                Words.join(words.stream().sorted(order.comparator).toList()));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return Words.of(answer.toLowerCase(Locale.ROOT)).equals(Words.of(question.string("answer")));
    }

    private enum Order {
        ALPHABET("alphabetically", Comparator.naturalOrder()),
        ENDS(
                "by their letters read from the end, so that banana comes before bread",
                Comparator.comparing(word -> new StringBuilder(word).reverse().toString())),
        LENGTH(
                "from the shortest to the longest, and alphabetically where they are equally long",
                Comparator.comparing(String::length).thenComparing(Comparator.naturalOrder()));

        private final String rule;
        private final Comparator<String> comparator;

        Order(String rule, Comparator<String> comparator) {
            this.rule = rule;
            this.comparator = comparator;
        }
    }
}
