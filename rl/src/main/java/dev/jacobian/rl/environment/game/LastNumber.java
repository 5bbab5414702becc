// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.game;

import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/** The number that a turn means: its last one, so that what was thought before does not matter. */
final class LastNumber {
    private static final Pattern DIGITS = Pattern.compile("[0-9]{1,12}");

    private LastNumber() {}

    /** The last whole number in a text; -1 if there is none. */
    static long in(String text) {
        return DIGITS.matcher(text)
                .results()
                .reduce((first, second) -> second)
                .map(MatchResult::group)
                .map(Long::parseLong)
                .orElse(-1L);
    }
}
