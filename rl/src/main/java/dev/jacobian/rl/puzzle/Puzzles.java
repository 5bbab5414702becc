// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import java.util.List;
import java.util.Optional;

/** The puzzles that have a name. */
public final class Puzzles {
    private static final List<Puzzle> ALL = List.of(
            new Arithmetic(),
            new Fractions(),
            new CommonDivisor(),
            new Factoring(),
            new ModularPower(),
            new Recurrence(),
            new SubsetSum(),
            new LinearEquation(),
            new LinearSystem(),
            new PolynomialProduct(),
            new Bases(),
            new Calendar(),
            new LetterCount(),
            new Islands(),
            new Cryptarithm(),
            new Queens(),
            new Sudoku(),
            new Hanoi(),
            new Jugs(),
            new Nim(),
            new ShortestPath(),
            new GraphColoring(),
            new TopologicalOrder(),
            new Maze(),
            new Knights(),
            new Satisfiability(),
            new ModelCount(),
            new Seating(),
            new MatrixProduct(),
            new Sorting(),
            new WordSorting(),
            new Caesar(),
            new Reversal(),
            new Palindrome());

    private Puzzles() {}

    /** All of them, family by family. */
    public static List<Puzzle> all() {
        return ALL;
    }

    /** The puzzle of a name. */
    public static Optional<Puzzle> find(String name) {
        return ALL.stream().filter(puzzle -> puzzle.name().equals(name)).findFirst();
    }
}
