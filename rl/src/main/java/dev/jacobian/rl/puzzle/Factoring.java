// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.puzzle;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The prime factors of a number, in any order: {@code 2 * 2 * 3} for 12. */
record Factoring() implements Puzzle {
    @Override
    public About about() {
        return new About(
                "factoring",
                PuzzleFamily.ARITHMETIC,
                "split a number into primes; difficulty adds a digit",
                new Levels(1, 2, 6));
    }

    @Override
    public Question ask(Rng rng, int difficulty) {
        int number = Draws.between(rng, (int) Math.pow(10, 2 + difficulty) / 2, (int) Math.pow(10, 3 + difficulty) - 1);
        return new Question(
                "Write " + number + " as a product of prime numbers, for example 2 * 2 * 3 for 12.",
                Words.join(factors(number), " * "),
                Map.of("number", number));
    }

    @Override
    public boolean solves(Columns question, String answer) {
        String spaced = answer.replace('*', ' ').replace('\u00d7', ' ').replace('\u00b7', ' ');
        Optional<List<Long>> factors = Words.integers(spaced);
        long rest = question.integer("number");
        for (long factor : factors.orElse(List.of())) {
            if (factor < 2 || rest % factor != 0) {
                return false;
            }
            rest /= factor;
        }
        return rest == 1
                && factors.orElse(List.of()).stream()
                        .allMatch(factor -> factors(Math.toIntExact(factor)).size() == 1);
    }

    /** By trial division: below 10^9 at most 31,623 steps. */
    private static List<Integer> factors(int number) {
        List<Integer> factors = new ArrayList<>();
        int rest = number;
        for (int divisor = 2; divisor * divisor <= rest; divisor++) {
            while (rest % divisor == 0) {
                factors.add(divisor);
                rest /= divisor;
            }
        }
        if (rest > 1) {
            factors.add(rest);
        }
        return factors;
    }
}
