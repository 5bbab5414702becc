// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The things that polynomials of one comparison are made of, by number: variables, pi, i, roots, and whatever the exact arithmetic does not
 * look into, such as sin x.
 *
 * <p>An atom may have a power that is a number ({@code i² = -1}, {@code √2² = 2}); products are reduced by it. As long as all atoms are
 * {@linkplain #areIndependent() independent} of each other, two expressions are equal only if their normal forms are, so the exact answer
 * is final both ways. Otherwise (sin x and cos x) different forms may still be equal, and numbers must tell.
 */
final class Atoms {

    /** {@code atom^order = value}. */
    record Reduction(int order, Rational value) {}

    private final Map<Object, Integer> numbers = new HashMap<>();
    private final List<Object> keys = new ArrayList<>();
    private final List<Optional<Reduction>> reductions = new ArrayList<>();
    private boolean independent = true;

    /** The atom with a key; a variable or constant is its own. */
    int of(Object key) {
        return of(key, Optional.empty());
    }

    /** i, whose square is -1. */
    int imaginary() {
        return of(Node.Constant.I, Optional.of(new Reduction(2, Rational.MINUS_ONE)));
    }

    /** The root of a prime. Square roots of primes are independent; other roots of the same prime depend on each other. */
    int root(int order, Rational prime) {
        if (order > 2) {
            independent = false;
        }
        return of(new RootKey(order, prime), Optional.of(new Reduction(order, prime)));
    }

    /** e^(iπ/q), whose q-th power is -1. For larger q it has smaller relations too, so forms may differ that are equal. */
    int turn(int q) {
        independent = false;
        return of(new TurnKey(q), Optional.of(new Reduction(q, Rational.MINUS_ONE)));
    }

    private record TurnKey(int q) {}

    private record RootKey(int order, Rational prime) {}

    /** Something that is not looked into, and may be related to other atoms. */
    int opaque(Object key) {
        independent = false;
        return of(key, Optional.empty());
    }

    private int of(Object key, Optional<Reduction> reduction) {
        return numbers.computeIfAbsent(key, k -> {
            keys.add(k);
            reductions.add(reduction);
            return keys.size() - 1;
        });
    }

    Optional<Reduction> reduction(int atom) {
        return reductions.get(atom);
    }

    /** Whether different normal forms are different values. */
    boolean areIndependent() {
        return independent;
    }
}
