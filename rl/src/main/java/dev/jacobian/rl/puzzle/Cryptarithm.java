// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** A sum in which letters stand for digits. Whoever writes a true sum that the letters fit is right, also where there are several. */
record Cryptarithm() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "cryptarithm",
                PuzzleFamily.CRYPTARITHMS,
                "find the digits behind the letters of a sum; difficulty adds a digit to its numbers",
                new Levels(1, 2, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int least = (int) Math.pow(10, difficulty);
        long left = Draws.between(rng, least, 10 * least - 1);
        long right = Draws.between(rng, least, 10 * least - 1);
        List<String> letters =
                Draws.permutation(rng, 26).stream().map(Vocabulary::letter).toList();
        String digits = left + " + " + right + " = " + (left + right);
        StringBuilder puzzle = new StringBuilder();
        digits.chars().forEach(c -> puzzle.append(c >= '0' && c <= '9' ? letters.get(c - '0') : (char) c + ""));
        return new Question(
                "In the sum " + puzzle
                        + " each letter stands for one digit, different letters for different digits, and"
                        + " no number begins with 0. Write a sum in digits that fits, for example 12 + 34 = 46.",
                digits,
                Map.of("letters", puzzle.toString()));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        String letters = withoutBlanks(question.string("letters"));
        String digits = withoutBlanks(answer);
        return digits.length() == letters.length() && isRenaming(letters, digits) && isTrue(digits);
    }

    private static String withoutBlanks(String text) {
        return text.replace(" ", "");
    }

    /** Whether one letter is always the same digit, and one digit always the same letter. */
    private static boolean isRenaming(String letters, String digits) {
        for (int i = 0; i < letters.length(); i++) {
            char letter = letters.charAt(i);
            char digit = digits.charAt(i);
            boolean fits = letter == '+' || letter == '=' ? digit == letter : digit >= '0' && digit <= '9';
            if (!fits || letters.indexOf(letter) != digits.indexOf(digit)) {
                return false;
            }
        }
        return true;
    }

    private static boolean isTrue(String sum) {
        int plus = sum.indexOf('+');
        int equals = sum.indexOf('=');
        String left = sum.substring(0, plus);
        String right = sum.substring(plus + 1, equals);
        String whole = sum.substring(equals + 1);
        return Stream.of(left, right, whole).noneMatch(number -> number.startsWith("0"))
                && Long.parseLong(left) + Long.parseLong(right) == Long.parseLong(whole);
    }
}
