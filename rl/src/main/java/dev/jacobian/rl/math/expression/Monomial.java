// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.util.Arrays;

/** A product of powers of atoms: pairs of an atom's number and its positive exponent, by rising number. */
final class Monomial implements Comparable<Monomial> {

    static final Monomial ONE = new Monomial(new int[0]);

    private final int[] pairs;

    private Monomial(int[] pairs) {
        this.pairs = pairs;
    }

    static Monomial of(int atom, int exponent) {
        return exponent == 0 ? ONE : new Monomial(new int[] {atom, exponent});
    }

    int size() {
        return pairs.length / 2;
    }

    int atom(int index) {
        return pairs[2 * index];
    }

    int exponent(int index) {
        return pairs[2 * index + 1];
    }

    /** The exponent of an atom, 0 if it is not there. */
    int exponentOf(int atom) {
        for (int k = 0; k < pairs.length; k += 2) {
            if (pairs[k] == atom) {
                return pairs[k + 1];
            }
        }
        return 0;
    }

    /** The same with another exponent for the atom at an index. */
    Monomial with(int index, int exponent) {
        int[] changed = pairs.clone();
        if (exponent != 0) {
            changed[2 * index + 1] = exponent;
            return new Monomial(changed);
        }
        System.arraycopy(pairs, 2 * index + 2, changed, 2 * index, pairs.length - 2 * index - 2);
        return new Monomial(Arrays.copyOf(changed, pairs.length - 2));
    }

    Monomial times(Monomial other) {
        if (pairs.length == 0) {
            return other;
        }
        if (other.pairs.length == 0) {
            return this;
        }
        int[] merged = new int[pairs.length + other.pairs.length];
        int a = 0;
        int b = 0;
        int n = 0;
        while (a < pairs.length || b < other.pairs.length) {
            if (b == other.pairs.length || a < pairs.length && pairs[a] < other.pairs[b]) {
                merged[n++] = pairs[a++];
                merged[n++] = pairs[a++];
            } else if (a == pairs.length || other.pairs[b] < pairs[a]) {
                merged[n++] = other.pairs[b++];
                merged[n++] = other.pairs[b++];
            } else {
                merged[n++] = pairs[a];
                merged[n++] = Math.addExact(pairs[a + 1], other.pairs[b + 1]);
                a += 2;
                b += 2;
            }
        }
        return new Monomial(n == merged.length ? merged : Arrays.copyOf(merged, n));
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Monomial monomial && Arrays.equals(pairs, monomial.pairs);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(pairs);
    }

    @Override
    public int compareTo(Monomial other) {
        return Arrays.compare(pairs, other.pairs);
    }
}
