// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reasoninggym;

import dev.jacobian.rl.reward.Columns;
import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

/** prime_factorization: factors between × signs; 0.01 for other numbers. For text reasoning-gym raises an exception. */
record PrimeFactors() implements GymScorer {
    @Override
    public double score(Columns row, String answer) {
        List<Optional<BigInteger>> parts = parts(answer);
        return parts.stream().anyMatch(Optional::isEmpty) ? 0 : numbers(parts).equals(factors(row)) ? 1 : 0.01;
    }

    /** The factors in any order. */
    @Override
    public boolean isRight(Columns row, String answer) {
        List<Optional<BigInteger>> parts = parts(answer);
        return parts.stream().allMatch(Optional::isPresent)
                && numbers(parts).stream().sorted().toList().equals(factors(row));
    }

    private static List<Optional<BigInteger>> parts(String answer) {
        return Python.split(answer, "\u00d7").stream()
                .filter(part -> !part.isBlank())
                .map(Python::integer)
                .toList();
    }

    private static List<BigInteger> numbers(List<Optional<BigInteger>> parts) {
        return parts.stream().flatMap(Optional::stream).toList();
    }

    private static List<BigInteger> factors(Columns row) {
        return Row.metadata(row).integers("factors").stream()
                .map(BigInteger::valueOf)
                .sorted()
                .toList();
    }
}
