// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A question as a test reads it: from its text, so that what the text says is solved and not what the generator meant.
 *
 * @param puzzle whose question it is
 * @param question the question
 */
record Asked(Puzzle puzzle, Question question) {
    private static final int EACH = 25;

    /** Some questions of every difficulty. */
    static void each(String name, Consumer<Asked> test) {
        Puzzle puzzle = Puzzles.find(name).orElseThrow();
        Levels levels = puzzle.about().levels();
        for (int level = levels.lowest(); level <= levels.highest(); level++) {
            AllPuzzlesTest.questions(puzzle, level, EACH).forEach(question -> test.accept(new Asked(puzzle, question)));
        }
    }

    String text() {
        return question.text();
    }

    String answer() {
        return question.answer();
    }

    boolean solvedBy(Object answer) {
        return puzzle.solves(new Columns(question.columns()), answer.toString());
    }

    /** What a group of a pattern matches in the text. */
    String find(String pattern) {
        Matcher matcher = Pattern.compile(pattern, Pattern.DOTALL).matcher(text());
        if (!matcher.find()) {
            throw new AssertionError(pattern + " is not in: " + text());
        }
        return matcher.group(1);
    }

    /** Every whole number of a text. */
    static List<Integer> integers(String text) {
        List<Integer> numbers = new ArrayList<>();
        Matcher matcher = Pattern.compile("-?\\d+").matcher(text);
        while (matcher.find()) {
            numbers.add(Integer.parseInt(matcher.group()));
        }
        return numbers;
    }
}
