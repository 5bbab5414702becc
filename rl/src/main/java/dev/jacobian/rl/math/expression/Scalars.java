// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import dev.jacobian.rl.math.expression.Node.Constant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import org.apfloat.Apcomplex;
import org.apfloat.Apfloat;
import org.apfloat.ApfloatRuntimeException;

/**
 * Whether two scalar expressions are equal, exactly.
 *
 * <p>First by normal form ({@link NormalForm}), which decides numbers, roots, complex numbers and rational functions for good. What is
 * left (trigonometry, nested roots, exponentials) is evaluated to {@value #DIGITS} digits and more, at several points if there are
 * variables. Numbers that agree to so many digits but differ do not occur in answers; a decimal with fewer digits never agrees.
 */
public final class Scalars {

    /** The least precision of a comparison. */
    private static final int DIGITS = 60;

    /** Digits that rounding may have spoiled. */
    private static final int SPOILED = 20;

    private static final int MOST_DIGITS = 600;

    private static final int POINTS = 4;
    /** Farther out: |x - 3| is 3 - x on this side only. */
    private static final int FAR_POINTS = 2;

    private Scalars() {}

    /** The value of an expression that is a rational number, if it plainly is one. */
    public static Optional<Rational> rational(Node node, Work work) {
        if (node instanceof Node.Num(Rational value)) {
            return Optional.of(value);
        }
        try {
            return new NormalForm(new Atoms(), work).of(node).constant();
        } catch (MathProblem.NotScalar | MathProblem.Undefined e) {
            return Optional.empty();
        }
    }

    /** Whether two expressions have the same value for all values of their variables. */
    public static boolean equal(Node a, Node b, Work work) {
        if (a.equals(b)) {
            return true;
        }
        try {
            if (a.contains(Scalars::isUnstatedLogarithm) || b.contains(Scalars::isUnstatedLogarithm)) {
                return equalFor(natural(a), natural(b), work) || equalFor(decimal(a), decimal(b), work);
            }
            return equalFor(a, b, work);
        } catch (MathProblem.NotScalar | MathProblem.Undefined e) {
            return false;
        }
    }

    private static boolean isUnstatedLogarithm(Node node) {
        return node instanceof Node.Apply(Fn function, List<Node> arguments) && function == Fn.LOG;
    }

    private static Node natural(Node node) {
        return node.transform(n -> isUnstatedLogarithm(n) ? new Node.Apply(Fn.LN, n.children()) : n);
    }

    private static Node decimal(Node node) {
        return node.transform(n -> isUnstatedLogarithm(n)
                ? Node.apply(Fn.LOG_BASE, Node.number(10), n.children().getFirst())
                : n);
    }

    private static boolean equalFor(Node a, Node b, Work work) {
        Atoms atoms = new Atoms();
        NormalForm form = new NormalForm(atoms, work);
        if (form.of(a).minus(form.of(b), atoms, work).isZero()) {
            return true;
        }
        return !atoms.areIndependent() && equalByNumber(a, b, work);
    }

    /**
     * Whether two expressions are multiples of each other by a number other than zero: x - 3 and 6 - 2x. The number's sign is the answer;
     * empty if they are no multiples.
     */
    public static Optional<Integer> proportion(Node a, Node b, Work work) {
        Atoms atoms = new Atoms();
        NormalForm form = new NormalForm(atoms, work);
        Quotient left = form.of(a);
        Quotient right = form.of(b);
        if (left.isZero() || right.isZero()) {
            return left.isZero() && right.isZero() ? Optional.of(1) : Optional.empty();
        }
        return quotient(left, right, atoms, work).map(Rational::signum);
    }

    /** How often one expression contains another, if that is a rational number: 5/2 for 5π and 2π. Empty also if the other is zero. */
    public static Optional<Rational> multiple(Node a, Node b, Work work) {
        Atoms atoms = new Atoms();
        NormalForm form = new NormalForm(atoms, work);
        Quotient left = form.of(a);
        Quotient right = form.of(b);
        if (right.isZero()) {
            return Optional.empty();
        }
        return left.isZero() ? Optional.of(Rational.ZERO) : quotient(left, right, atoms, work);
    }

    private static Optional<Rational> quotient(Quotient left, Quotient right, Atoms atoms, Work work) {
        Optional<Rational> ratio = ratio(left.numerator(), right.numerator());
        return ratio.isPresent()
                        && left.denominator().terms().equals(right.denominator().terms())
                ? ratio
                : left.times(right.inverse(work), atoms, work).constant();
    }

    /** As {@link #proportion}, for what is zero in the same places: 1/x = y and xy = 1. */
    public static boolean sameZeros(Node a, Node b, Work work) {
        Atoms atoms = new Atoms();
        NormalForm form = new NormalForm(atoms, work);
        Polynomial left = form.of(a).numerator();
        Polynomial right = form.of(b).numerator();
        return left.isZero() || right.isZero()
                ? left.isZero() && right.isZero()
                : ratio(left, right).isPresent();
    }

    private static Optional<Rational> ratio(Polynomial a, Polynomial b) {
        if (!a.terms().keySet().equals(b.terms().keySet())) {
            return Optional.empty();
        }
        Rational ratio = null;
        for (Map.Entry<Monomial, Rational> term : a.terms().entrySet()) {
            Rational quotient = term.getValue().over(b.terms().getOrDefault(term.getKey(), Rational.ONE));
            if (ratio != null && !ratio.equals(quotient)) {
                return Optional.empty();
            }
            ratio = quotient;
        }
        return Optional.ofNullable(ratio);
    }

    /** The order of two real numbers; empty if they are none. */
    public static Optional<Integer> compare(Node a, Node b, Work work) {
        if (equal(a, b, work)) {
            return Optional.of(0);
        }
        if (a == Constant.INFINITY || isMinusInfinity(b)) {
            return Optional.of(1);
        }
        if (b == Constant.INFINITY || isMinusInfinity(a)) {
            return Optional.of(-1);
        }
        Optional<Rational> left = rational(a, work);
        Optional<Rational> right = rational(b, work);
        if (left.isPresent() && right.isPresent()) {
            return Optional.of(left.get().compareTo(right.get()));
        }
        try {
            Numerics numerics = new Numerics(DIGITS, Map.of(), work);
            Apcomplex difference = numerics.of(a).subtract(numerics.of(b));
            return Numerics.isReal(difference) ? Optional.of(difference.real().signum()) : Optional.empty();
        } catch (MathProblem.NotScalar | MathProblem.Undefined e) {
            return Optional.empty();
        }
    }

    private static boolean isMinusInfinity(Node node) {
        return node.equals(Node.negative(Constant.INFINITY));
    }

    private static boolean equalByNumber(Node a, Node b, Work work) {
        TreeSet<String> names = new TreeSet<>();
        collectNames(a, names);
        collectNames(b, names);
        int digits = Math.min(MOST_DIGITS, DIGITS + Math.max(literalDigits(a), literalDigits(b)));
        if (names.isEmpty()) {
            Numerics numerics = new Numerics(digits, Map.of(), work);
            return agree(numerics.of(a), numerics.of(b), digits);
        }
        boolean whole = names.stream().allMatch(name -> name.matches("[jkmn]"))
                || a.contains(Scalars::needsWhole)
                || b.contains(Scalars::needsWhole);
        return equalAtPoints(a, b, names, digits, false, work)
                || whole && equalAtPoints(a, b, names, digits, true, work);
    }

    private static boolean needsWhole(Node node) {
        return node instanceof Node.Apply(Fn function, List<Node> arguments)
                && switch (function) {
                    case FACTORIAL, DOUBLE_FACTORIAL, BINOMIAL, PERMUTATIONS -> true;
                    default -> false;
                };
    }

    /** Points where both sides exist decide: the logarithm of x² is twice that of x, √(ab) is √a·√b. */
    private static boolean equalAtPoints(Node a, Node b, TreeSet<String> names, int digits, boolean whole, Work work) {
        boolean imaginary = a.contains(Constant.I::equals) || b.contains(Constant.I::equals);
        int real = 0;
        int agreeing = 0;
        int complex = 0;
        for (int point = 0; point < POINTS + (whole ? 0 : FAR_POINTS); point++) {
            Map<String, Apcomplex> values = new LinkedHashMap<>();
            int index = 0;
            for (String name : names) {
                values.put(
                        name,
                        whole
                                ? new Apfloat(9 + point + (point % 2 == 0 ? 3L : -3L) * index++, digits)
                                : coordinate(point, index++, digits));
            }
            Apcomplex left;
            Apcomplex right;
            try {
                Numerics numerics = new Numerics(digits, values, work);
                left = numerics.of(a);
                right = numerics.of(b);
                if (numerics.leftTheReals() && !imaginary) {
                    continue;
                }
            } catch (MathProblem.Undefined e) {
                continue;
            } catch (MathProblem.TooMuchWork e) {
                if (point >= POINTS && work.left() > 0) {
                    continue;
                }
                return false;
            } catch (MathProblem.NotScalar e) {
                return false;
            }
            boolean same = agree(left, right, digits);
            if (Numerics.isReal(left) && Numerics.isReal(right)) {
                real++;
                if (!same) {
                    return false;
                }
            } else {
                complex++;
                agreeing += same ? 1 : 0;
            }
        }
        return real >= 2 || real + complex > 0 && agreeing == complex;
    }

    /** Numbers without a pattern, of both signs, of moderate size. */
    private static Apfloat coordinate(int point, int index, int digits) {
        long numerator = 7919L * (point + 1) + 104_729L * (index + 1) * (point + 2);
        long denominator = 50_021L + 9973L * point + 331L * index;
        Apfloat value = new Apfloat(numerator % 200_003 + 1, digits).divide(new Apfloat(denominator, digits));
        if (point >= POINTS) {
            return value.multiply(new Apfloat(point % 2 == 0 ? 37 : -41, digits));
        }
        return point % 3 == 2 ? value.negate() : value;
    }

    private static boolean agree(Apcomplex a, Apcomplex b, int digits) {
        try {
            return agree(a.real(), b.real(), magnitude(a, b), digits)
                    && agree(a.imag(), b.imag(), magnitude(a, b), digits);
        } catch (ArithmeticException | ApfloatRuntimeException e) {
            return false;
        }
    }

    /** The power of ten above the largest part. */
    private static long magnitude(Apcomplex a, Apcomplex b) {
        long most = -5;
        for (Apfloat part : List.of(a.real(), a.imag(), b.real(), b.imag())) {
            if (part.signum() != 0) {
                most = Math.max(most, part.scale());
            }
        }
        return most;
    }

    private static boolean agree(Apfloat a, Apfloat b, long magnitude, int digits) {
        Apfloat difference = a.subtract(b);
        return difference.signum() == 0 || difference.scale() <= magnitude - (digits - SPOILED);
    }

    private static void collectNames(Node node, TreeSet<String> names) {
        if (node instanceof Node.Name(String name)) {
            names.add(name);
        }
        node.children().forEach(child -> collectNames(child, names));
    }

    private static int literalDigits(Node node) {
        int digits = node instanceof Node.Num(Rational value) ? value.bits() / 3 : 0;
        for (Node child : node.children()) {
            digits = Math.max(digits, literalDigits(child));
        }
        return digits;
    }
}
