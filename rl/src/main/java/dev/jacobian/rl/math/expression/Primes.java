// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.math.BigInteger;
import java.util.Map;
import java.util.TreeMap;

/** Prime factors of whole numbers, by trial division up to a bound. */
final class Primes {

    private static final int LARGEST_TRIED = 10_000;

    private Primes() {}

    /**
     * Factors with their exponents. What has no factor up to the bound is left as one factor: for roots it is as good as a prime, since all
     * that is used is that its square root is not taken apart.
     */
    static Map<BigInteger, Integer> of(BigInteger positive, Work work) {
        Map<BigInteger, Integer> factors = new TreeMap<>();
        BigInteger rest = positive;
        for (int p = 2; p <= LARGEST_TRIED && rest.bitLength() > 1; p += p == 2 ? 1 : 2) {
            if (rest.bitLength() < 63) {
                return small(rest.longValueExact(), p, factors, work);
            }
            work.spend(1 + rest.bitLength() / 64);
            BigInteger prime = BigInteger.valueOf(p);
            BigInteger[] division = rest.divideAndRemainder(prime);
            while (division[1].signum() == 0) {
                work.spend(1 + rest.bitLength() / 64);
                factors.merge(prime, 1, Integer::sum);
                rest = division[0];
                division = rest.divideAndRemainder(prime);
            }
        }
        addRest(factors, rest);
        return factors;
    }

    private static Map<BigInteger, Integer> small(long value, int from, Map<BigInteger, Integer> factors, Work work) {
        long rest = value;
        int p = from;
        for (; p <= LARGEST_TRIED && (long) p * p <= rest; p += p == 2 ? 1 : 2) {
            while (rest % p == 0) {
                factors.merge(BigInteger.valueOf(p), 1, Integer::sum);
                rest /= p;
            }
        }
        work.spend(1 + p / 8);
        addRest(factors, BigInteger.valueOf(rest));
        return factors;
    }

    /** A square of a large prime is recognised, a product of two is not: √(pq) and √p·√q are then compared by number. */
    private static void addRest(Map<BigInteger, Integer> factors, BigInteger rest) {
        if (rest.equals(BigInteger.ONE)) {
            return;
        }
        BigInteger root = rest.sqrt();
        if (root.multiply(root).equals(rest)) {
            factors.merge(root, 2, Integer::sum);
        } else {
            factors.merge(rest, 1, Integer::sum);
        }
    }
}
