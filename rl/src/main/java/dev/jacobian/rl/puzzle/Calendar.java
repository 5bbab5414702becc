// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.time.LocalDate;

/** A date some days from another, in the Gregorian calendar, written {@code 2024-02-29}. */
record Calendar() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "calendar",
                PuzzleFamily.CALENDAR,
                "find the date some days before or after another; difficulty adds a digit to the days",
                new Levels(1, 2, 5));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        LocalDate date = LocalDate.of(1900, 1, 1).plusDays(rng.nextInt(73_000));
        int most = (int) Math.pow(10, difficulty);
        int days = Draws.between(rng, most / 2 + 5, 4 * most);
        boolean after = Draws.flip(rng);
        return new Question(
                "Which date is " + days + " days " + (after ? "after " : "before ") + date
                        + " (year-month-day)? Write it in the same form.",
                date.plusDays(after ? days : -days).toString());
    }

    @Override
    public boolean solves(Columns question, String answer) {
        return answer.equals(question.string("answer"));
    }
}
