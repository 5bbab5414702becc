// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.math.BigInteger;
import java.util.List;
import java.util.Optional;

/** Functions of rational numbers whose values are rational and not too large. */
final class ExactFunctions {

    private ExactFunctions() {}

    /** The value; empty if it is irrational, too large, or none that this knows. */
    static Optional<Rational> of(Fn function, List<Rational> arguments, Work work) {
        Rational x = arguments.getFirst();
        return switch (function) {
            case ABS -> Optional.of(x.signum() < 0 ? x.negate() : x);
            case FLOOR -> Optional.of(Rational.of(x.floor()));
            case CEIL -> Optional.of(Rational.of(x.negate().floor().negate()));
            case SIGN_OF -> Optional.of(Rational.of(x.signum()));
            case RE, CONJUGATE -> Optional.of(x);
            case IM -> Optional.of(Rational.ZERO);
            case MAX -> arguments.stream().max(Rational::compareTo);
            case MIN -> arguments.stream().min(Rational::compareTo);
            case FACTORIAL -> fallingProduct(x, 1, work);
            case DOUBLE_FACTORIAL -> fallingProduct(x, 2, work);
            case BINOMIAL -> arguments.size() == 2 ? binomial(x, arguments.get(1), work) : Optional.empty();
            case PERMUTATIONS -> arguments.size() == 2 ? permutations(x, arguments.get(1), work) : Optional.empty();
            case GCD ->
                whole(arguments)
                        .map(all -> all.stream().reduce(BigInteger.ZERO, BigInteger::gcd))
                        .map(Rational::of);
            case LCM -> lcm(arguments, work);
            case MOD -> arguments.size() == 2 ? mod(x, arguments.get(1)) : Optional.empty();
            case LN -> x.equals(Rational.ONE) ? Optional.of(Rational.ZERO) : Optional.empty();
            default -> Optional.empty();
        };
    }

    private static Optional<Rational> fallingProduct(Rational x, int step, Work work) {
        if (!x.isInt() || x.signum() < 0 || x.numerator().intValue() > 3000) {
            return Optional.empty();
        }
        int n = x.numerator().intValue();
        work.spend((long) n * n / 64 + n);
        BigInteger product = BigInteger.ONE;
        for (int k = n; k > 1; k -= step) {
            product = product.multiply(BigInteger.valueOf(k));
        }
        return Optional.of(Rational.of(product));
    }

    private static Optional<Rational> binomial(Rational n, Rational k, Work work) {
        if (!n.isInt() || !k.isInt() || n.signum() < 0) {
            return Optional.empty();
        }
        if (k.signum() < 0 || k.compareTo(n) > 0) {
            return Optional.of(Rational.ZERO);
        }
        long least = Math.min(
                k.numerator().longValue(),
                n.numerator().longValue() - k.numerator().longValue());
        if (least * n.numerator().bitLength() > NormalForm.MOST_BITS) {
            return Optional.empty();
        }
        work.spend(least * (1 + least * n.numerator().bitLength() / 64));
        BigInteger value = BigInteger.ONE;
        for (long j = 1; j <= least; j++) {
            value = value.multiply(n.numerator().subtract(BigInteger.valueOf(least - j)))
                    .divide(BigInteger.valueOf(j));
        }
        return Optional.of(Rational.of(value));
    }

    private static Optional<Rational> permutations(Rational n, Rational k, Work work) {
        if (!n.isInt()
                || !k.isInt()
                || k.signum() < 0
                || k.compareTo(n) > 0
                || k.numerator().longValue() * n.numerator().bitLength() > NormalForm.MOST_BITS) {
            return Optional.empty();
        }
        int count = k.numerator().intValue();
        work.spend((long) count * (1 + (long) count * n.numerator().bitLength() / 64));
        BigInteger value = BigInteger.ONE;
        for (int j = 0; j < count; j++) {
            value = value.multiply(n.numerator().subtract(BigInteger.valueOf(j)));
        }
        return Optional.of(Rational.of(value));
    }

    private static Optional<Rational> lcm(List<Rational> arguments, Work work) {
        work.spend(arguments.stream().mapToLong(Rational::bits).sum());
        return whole(arguments)
                .filter(all -> all.stream().noneMatch(value -> value.signum() == 0))
                .map(all -> all.stream()
                        .reduce(BigInteger.ONE, (a, b) -> a.multiply(b).abs().divide(a.gcd(b))))
                .map(Rational::of);
    }

    private static Optional<Rational> mod(Rational x, Rational modulus) {
        if (modulus.signum() <= 0) {
            return Optional.empty();
        }
        return Optional.of(x.minus(modulus.times(Rational.of(x.over(modulus).floor()))));
    }

    private static Optional<List<BigInteger>> whole(List<Rational> arguments) {
        return arguments.stream().allMatch(Rational::isWhole)
                ? Optional.of(arguments.stream().map(Rational::numerator).toList())
                : Optional.empty();
    }
}
