// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.grammar;

import dev.jacobian.testing.fuzz.Choices;
import java.util.List;

/** Random regular expressions of the syntax that is supported, over a small alphabet. */
final class RandomRegex {
    private static final List<String> ATOMS = List.of(
            "a",
            "b",
            "c",
            "\\.",
            "0",
            ".",
            "[ab]",
            "[^ab]",
            "[a-c0-9_]",
            "\\d",
            "\\w",
            "\\s",
            "\\D",
            "\\W",
            "\\S",
            "é",
            "[à-é]",
            "😀",
            "[^a😀]",
            "\\u00e9",
            "\\x61",
            "\\n",
            "[\\d-]",
            "[\\]a]",
            "\\p{L}",
            "\\p{Lu}",
            "\\P{L}",
            "[\\p{N}x]",
            " ");
    private static final List<String> COUNTS =
            List.of("*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}", "*?", "+?", "{0}", "??");

    private RandomRegex() {}

    static String of(Choices choices, int depth) {
        if (depth == 0 || choices.oneIn(3)) {
            return choices.of(ATOMS);
        }
        return switch (choices.below(5)) {
            case 0 -> of(choices, depth - 1) + of(choices, depth - 1);
            case 1 -> "(?:" + of(choices, depth - 1) + "|" + of(choices, depth - 1) + ")";
            case 2 -> "(" + of(choices, depth - 1) + ")" + choices.of(COUNTS);
            case 3 -> choices.of(ATOMS) + choices.of(COUNTS) + of(choices, depth - 1);
            default -> "(?:" + of(choices, depth - 1) + "|)" + of(choices, depth - 1);
        };
    }

    /** A text of characters that the expressions mention, and some others. */
    static String text(Choices choices) {
        StringBuilder text = new StringBuilder();
        for (int i = choices.below(7); i > 0; i--) {
            text.append(choices.of(
                    List.of("a", "b", "c", "0", "1", "_", ".", " ", "é", "ê", "😀", "A", "\n", "-", "]", "日")));
        }
        return text.toString();
    }
}
