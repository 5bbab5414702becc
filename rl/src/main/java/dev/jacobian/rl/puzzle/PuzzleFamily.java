// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import java.util.Locale;

/** What kind of thinking a task asks for; lists are grouped by it. */
public enum PuzzleFamily {
    /** Computing with numbers. */
    ARITHMETIC,
    /** Equations and expressions with unknowns. */
    ALGEBRA,
    /** Digits in other bases. */
    BASES,
    /** Dates. */
    CALENDAR,
    /** How many there are. */
    COUNTING,
    /** Letters that stand for digits. */
    CRYPTARITHMS,
    /** Boards and moves. */
    GAMES,
    /** Vertices, edges, paths. */
    GRAPHS,
    /** True and false. */
    LOGIC,
    /** Tables of numbers. */
    MATRICES,
    /** Bringing into order. */
    SORTING,
    /** Letters and words. */
    STRINGS;

    /** As a text has it: {@code arithmetic}. */
    @Override
    public String toString() {
        return name().toLowerCase(Locale.ROOT);
    }
}
