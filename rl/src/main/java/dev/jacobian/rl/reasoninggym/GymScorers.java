// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The scorer of each reasoning-gym task that has one here, by the task's name there. */
final class GymScorers {
    private static final Map<String, GymScorer> ALL = Map.ofEntries(
            Map.entry("base_conversion", new Contained()),
            Map.entry("basic_arithmetic", new Contained()),
            Map.entry("bitwise_arithmetic", new Hexadecimal()),
            Map.entry("caesar_cipher", new Contained()),
            Map.entry("calendar_arithmetic", new CalendarAnswer()),
            Map.entry("chain_sum", new ContainedNumber()),
            Map.entry("complex_arithmetic", new ComplexAnswer()),
            Map.entry("countdown", new TargetExpression(true)),
            Map.entry("decimal_arithmetic", new DecimalAnswer()),
            Map.entry("fraction_simplification", new FractionAnswer()),
            Map.entry("gcd", new Contained()),
            Map.entry("knights_knaves", new KnightsKnaves()),
            Map.entry("letter_counting", new Contained()),
            Map.entry("mini_sudoku", new MiniSudoku()),
            Map.entry("n_queens", new QueensBoard()),
            Map.entry("number_sorting", new NumberSorting()),
            Map.entry("polynomial_equations", new EquationRoots()),
            Map.entry("polynomial_multiplication", new PolynomialAnswer(false)),
            Map.entry("prime_factorization", new PrimeFactors()),
            Map.entry("products", new ContainedNumber()),
            Map.entry("propositional_logic", new Conclusion()),
            Map.entry("puzzle24", new TargetExpression(false)),
            Map.entry("rotate_matrix", new Contained()),
            Map.entry("shortest_path", new GridPath()),
            Map.entry("simple_equations", new Contained()),
            Map.entry("simple_integration", new PolynomialAnswer(true)),
            Map.entry("spell_backward", new SpelledBackward()),
            Map.entry("spiral_matrix", new SpiralMatrix()),
            Map.entry("tower_of_hanoi", new HanoiMoves()),
            Map.entry("word_sorting", new WordSorting()));

    private GymScorers() {}

    static Optional<GymScorer> find(String task) {
        return Optional.ofNullable(ALL.get(task));
    }

    /** The names, in the order of the alphabet. */
    static String names() {
        return String.join(", ", new TreeMap<>(ALL).keySet());
    }
}
