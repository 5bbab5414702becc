// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.util.Optional;

/**
 * Sine, cosine and their relatives as exponentials: {@code sin x = (e^(ix) - e^(-ix)) / 2i}.
 *
 * <p>With {@code e^(ix)} an atom, every identity between them (double angles, sums of angles, sin² + cos² = 1, shifts by π) is an identity of
 * rational functions, which is decided exactly. Multiples of π/12 have their values in square roots.
 */
final class Trigonometry {

    /** The sine of k·π/12 for k = 0..6 is (a + b√2 + c√3 + d√6) / 4. */
    private static final int[][] SINES = {
        {0, 0, 0, 0}, {0, -1, 0, 1}, {2, 0, 0, 0}, {0, 2, 0, 0}, {0, 0, 2, 0}, {0, 1, 0, 1}, {4, 0, 0, 0}
    };

    /** More terms or larger multiples of an angle are left to numbers. */
    private static final int MOST_TERMS = 6;

    private static final int LARGEST_MULTIPLE = 24;

    private final NormalForm form;
    private final Atoms atoms;
    private final Work work;

    Trigonometry(NormalForm form, Atoms atoms, Work work) {
        this.form = form;
        this.atoms = atoms;
        this.work = work;
    }

    /** The value of a function; empty if it is none of them, or the argument is not of a form that helps. */
    Optional<Quotient> of(Fn function, Quotient argument) {
        return switch (function) {
            case SIN -> sine(argument);
            case COS -> cosine(argument);
            case TAN -> ratio(sine(argument), cosine(argument));
            case COT -> ratio(cosine(argument), sine(argument));
            case SEC -> ratio(Optional.of(Quotient.ONE), cosine(argument));
            case CSC -> ratio(Optional.of(Quotient.ONE), sine(argument));
            case SINH -> half(argument, Quotient.ONE, true);
            case COSH -> half(argument, Quotient.ONE, false);
            case TANH -> ratio(half(argument, Quotient.ONE, true), half(argument, Quotient.ONE, false));
            default -> Optional.empty();
        };
    }

    private Optional<Quotient> ratio(Optional<Quotient> top, Optional<Quotient> bottom) {
        return top.flatMap(a -> bottom.map(b -> a.times(b.inverse(work), atoms, work)));
    }

    private Optional<Quotient> sine(Quotient argument) {
        Optional<Integer> twelfths = twelfths(argument);
        return twelfths.isPresent() ? Optional.of(sine(twelfths.get())) : half(argument, imaginary(), true);
    }

    private Optional<Quotient> cosine(Quotient argument) {
        Optional<Integer> twelfths = twelfths(argument);
        return twelfths.isPresent() ? Optional.of(sine(twelfths.get() + 6)) : half(argument, imaginary(), false);
    }

    private Quotient imaginary() {
        return Quotient.atom(atoms.imaginary());
    }

    /** How many times π/12 an argument is, modulo 24. */
    private Optional<Integer> twelfths(Quotient argument) {
        if (argument.isZero()) {
            return Optional.of(0);
        }
        Monomial pi = Monomial.of(atoms.of(Node.Constant.PI), 1);
        Rational coefficient = argument.numerator().terms().get(pi);
        if (coefficient == null
                || argument.numerator().terms().size() != 1
                || argument.denominator().constant().isEmpty()) {
            return Optional.empty();
        }
        Rational twelfths = coefficient.times(Rational.of(12));
        return twelfths.isWhole()
                ? Optional.of(twelfths.numerator()
                        .mod(java.math.BigInteger.valueOf(24))
                        .intValue())
                : Optional.empty();
    }

    private Quotient sine(int twelfths) {
        int k = Math.floorMod(twelfths, 24);
        boolean negative = k > 12;
        k = negative ? k - 12 : k;
        int[] value = SINES[k > 6 ? 12 - k : k];
        Quotient root2 = Quotient.atom(atoms.root(2, Rational.of(2)));
        Quotient root3 = Quotient.atom(atoms.root(2, Rational.of(3)));
        Quotient[] basis = {Quotient.ONE, root2, root3, root2.times(root3, atoms, work)};
        Quotient sum = Quotient.ZERO;
        for (int j = 0; j < basis.length; j++) {
            Rational quarter = Rational.of(negative ? -value[j] : value[j], 4);
            sum = sum.plus(basis[j].times(Quotient.of(quarter), atoms, work), atoms, work);
        }
        return sum;
    }

    /** (e^(ux) ± e^(-ux)) / 2, and / 2u with the minus, for u = i or 1. */
    private Optional<Quotient> half(Quotient argument, Quotient unit, boolean minus) {
        if (argument.constant().isPresent() && !argument.isZero() || !isSimple(argument)) {
            return Optional.empty();
        }
        Quotient power = form.exponential(argument.times(unit, atoms, work));
        Quotient inverse = power.inverse(work);
        Quotient sum = minus ? power.minus(inverse, atoms, work) : power.plus(inverse, atoms, work);
        Quotient divisor = Quotient.of(Rational.of(2)).times(minus ? unit : Quotient.ONE, atoms, work);
        return Optional.of(sum.times(divisor.inverse(work), atoms, work));
    }

    private static boolean isSimple(Quotient argument) {
        return argument.denominator().constant().isPresent()
                && argument.numerator().terms().size() <= MOST_TERMS
                && argument.numerator().terms().values().stream()
                        .allMatch(c ->
                                c.numerator().abs().compareTo(java.math.BigInteger.valueOf(LARGEST_MULTIPLE)) <= 0);
    }
}
