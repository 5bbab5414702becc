// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import dev.jacobian.rl.math.expression.Node.Constant;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Turns a scalar expression into a quotient of polynomials in {@link Atoms}.
 *
 * <p>What it knows exactly: sums, products, whole powers, roots of rational numbers (as products of roots of primes), i, and powers with
 * symbolic exponents ({@code 4^x = (2^x)^2}). The rest becomes an atom of its own. Sizes are bounded before anything is computed: a tower
 * or a factorial that is too large stays what it is.
 */
final class NormalForm {

    /** Numbers of more bits are not written out. */
    static final int MOST_BITS = 40_000;

    /** Sums are not raised to higher powers. */
    private static final int HIGHEST_POWER = 256;

    private static final int HIGHEST_ROOT = 64;

    private final Atoms atoms;
    private final Work work;
    private final Trigonometry trigonometry;

    NormalForm(Atoms atoms, Work work) {
        this.atoms = atoms;
        this.work = work;
        trigonometry = new Trigonometry(this, atoms, work);
    }

    Quotient of(Node node) {
        work.spend(1);
        return switch (node) {
            case Node.Num(Rational value) -> Quotient.of(value);
            case Node.Name name -> Quotient.atom(atoms.of(name));
            case Constant constant -> Quotient.atom(constant == Constant.I ? atoms.imaginary() : atoms.of(constant));
            case Node.Sum(List<Node> terms) -> {
                Quotient sum = Quotient.ZERO;
                for (Node term : terms) {
                    sum = sum.plus(of(term), atoms, work);
                }
                yield sum;
            }
            case Node.Product(List<Node> factors) -> {
                Quotient product = Quotient.ONE;
                for (Node factor : factors) {
                    product = product.times(of(factor), atoms, work);
                }
                yield product;
            }
            case Node.Power(Node base, Node exponent) -> power(of(base), of(exponent));
            case Node.Apply(Fn function, List<Node> arguments) ->
                apply(
                        function,
                        arguments.stream()
                                .map(argument -> of(angle(function, argument)))
                                .toList());
            case Node.Quantity(Node value, Unit unit)
            when unit.dimensions().isEmpty() -> of(value).times(Quotient.of(unit.factor()), atoms, work);
            default ->
                throw new MathProblem.NotScalar("no number: " + node.getClass().getSimpleName());
        };
    }

    /** Degrees inside of a trigonometric function are turned into radians. */
    static Node angle(Fn function, Node argument) {
        return function.takesAngle()
                        && argument instanceof Node.Quantity(Node value, Unit unit)
                        && unit.equals(Unit.DEGREE)
                ? Node.product(value, Node.product(new Node.Num(Rational.of(1, 180)), Constant.PI))
                : argument;
    }

    private Quotient power(Quotient base, Quotient exponent) {
        Optional<Rational> number = exponent.constant();
        if (number.isEmpty()) {
            return symbolicPower(base, exponent);
        }
        Rational p = number.get();
        if (base.isZero()) {
            if (p.signum() <= 0 && !(p.signum() == 0)) {
                throw new MathProblem.Undefined("division by zero");
            }
            return p.signum() == 0 ? Quotient.ONE : Quotient.ZERO;
        }
        if (base.constant().isPresent()) {
            return numberPower(base.constant().get(), p);
        }
        if (p.isInt()) {
            int n = p.numerator().intValue();
            int terms = Math.max(
                    base.numerator().terms().size(), base.denominator().terms().size());
            if (Math.abs((long) n) <= (terms == 1 ? 100_000 : HIGHEST_POWER)) {
                return base.power(n, atoms, work);
            }
        }
        return rootPower(base.key(), base, p);
    }

    /** An atom for base^(1/q), raised to p. */
    private Quotient rootPower(String key, Quotient base, Rational p) {
        if (!p.isWhole() && isSmall(p)) {
            int root = atoms.opaque("root " + p.denominator() + " of " + key);
            return Quotient.atom(root).power(p.numerator().intValue(), atoms, work);
        }
        if (base.isZero()) {
            throw new MathProblem.Undefined("power of zero");
        }
        return Quotient.atom(atoms.opaque("(" + key + ")^" + p));
    }

    private static boolean isSmall(Rational p) {
        return p.numerator().bitLength() < 12
                && p.denominator().bitLength() <= Integer.SIZE - Integer.numberOfLeadingZeros(HIGHEST_ROOT);
    }

    private Quotient numberPower(Rational base, Rational p) {
        if (base.equals(Rational.ONE)) {
            return Quotient.ONE;
        }
        if (p.isInt() && (long) base.bits() * Math.abs((long) p.numerator().intValue()) <= MOST_BITS + 64) {
            work.spend((long) base.bits() * Math.abs(p.numerator().intValue()) / 8 + 1);
            return Quotient.of(base.power(p.numerator().intValue()));
        }
        if (p.isWhole()) {
            if (base.equals(Rational.MINUS_ONE)) {
                return Quotient.of(p.numerator().testBit(0) ? Rational.MINUS_ONE : Rational.ONE);
            }
            return Quotient.atom(atoms.opaque(base + "^" + p));
        }
        if (isSmall(p)) {
            int q = p.denominator().intValue();
            Optional<Quotient> root = numberRoot(base, q);
            if (root.isPresent() && (long) base.bits() * Math.abs(p.numerator().intValue()) <= MOST_BITS) {
                return root.get().power(p.numerator().intValue(), atoms, work);
            }
        }
        return rootPower(base.toString(), Quotient.of(base), p);
    }

    /** The real root if there is one, i√n for the square root of -n. */
    private Optional<Quotient> numberRoot(Rational base, int order) {
        Quotient sign = Quotient.ONE;
        if (base.signum() < 0) {
            if (order == 2) {
                sign = Quotient.atom(atoms.imaginary());
            } else if (order % 2 == 1) {
                sign = Quotient.of(Rational.MINUS_ONE);
            } else {
                return Optional.empty();
            }
        }
        Quotient top = wholeRoot(base.numerator().abs(), order);
        return Optional.of(sign.times(top, atoms, work)
                .times(wholeRoot(base.denominator(), order).inverse(work), atoms, work));
    }

    private Quotient wholeRoot(BigInteger value, int order) {
        Quotient root = Quotient.ONE;
        for (Map.Entry<BigInteger, Integer> factor : Primes.of(value, work).entrySet()) {
            Rational prime = Rational.of(factor.getKey());
            root = root.times(Quotient.of(prime.power(factor.getValue() / order)), atoms, work);
            int rest = factor.getValue() % order;
            if (rest > 0) {
                int divisor =
                        BigInteger.valueOf(rest).gcd(BigInteger.valueOf(order)).intValue();
                Quotient atom = Quotient.atom(atoms.root(order / divisor, prime));
                root = root.times(atom.power(rest / divisor, atoms, work), atoms, work);
            }
        }
        return root;
    }

    /** b^(2x + 1) is (b^x)² b; b^(x/2) is an atom whose square is not known to be b^x unless both are written with the same denominator. */
    private Quotient symbolicPower(Quotient base, Quotient exponent) {
        if (exponent.denominator().constant().isEmpty()) {
            return Quotient.atom(atoms.opaque("(" + base.key() + ")^(" + exponent.key() + ")"));
        }
        Optional<Rational> number = base.constant();
        if (number.isPresent() && number.get().signum() > 0 && number.get().bits() < 64) {
            Quotient product = Quotient.ONE;
            for (Map.Entry<BigInteger, Integer> factor :
                    Primes.of(number.get().numerator(), work).entrySet()) {
                product = product.times(
                        termPowers(Quotient.of(Rational.of(factor.getKey())), exponent, factor.getValue()),
                        atoms,
                        work);
            }
            for (Map.Entry<BigInteger, Integer> factor :
                    Primes.of(number.get().denominator(), work).entrySet()) {
                product = product.times(
                        termPowers(Quotient.of(Rational.of(factor.getKey())), exponent, -factor.getValue()),
                        atoms,
                        work);
            }
            return product;
        }
        return termPowers(base, exponent, 1);
    }

    private Quotient termPowers(Quotient base, Quotient exponent, int times) {
        Quotient product = Quotient.ONE;
        for (Map.Entry<Monomial, Rational> term : exponent.numerator().terms().entrySet()) {
            Rational coefficient = term.getValue().times(Rational.of(times));
            if (term.getKey().equals(Monomial.ONE)) {
                product = product.times(power(base, Quotient.of(coefficient)), atoms, work);
                continue;
            }
            Polynomial unit = Polynomial.of(
                    Rational.of(BigInteger.ONE).over(Rational.of(coefficient.denominator())), term.getKey());
            Quotient atom = Quotient.atom(atoms.opaque("(" + base.key() + ")^(" + unit.key() + ")"));
            if (coefficient.numerator().bitLength() > 16
                    || coefficient.denominator().bitLength() > 16) {
                return Quotient.atom(atoms.opaque("(" + base.key() + ")^(" + exponent.key() + "*" + times + ")"));
            }
            if (isTurn(base, term.getKey())) {
                atom = Quotient.atom(atoms.turn(coefficient.denominator().intValueExact()));
            }
            product = product.times(atom.power(coefficient.numerator().intValue(), atoms, work), atoms, work);
        }
        return product;
    }

    /** Whether base^monomial is e^(iπ). */
    private boolean isTurn(Quotient base, Monomial monomial) {
        Monomial turn = Monomial.of(atoms.of(Constant.PI), 1).times(Monomial.of(atoms.imaginary(), 1));
        return monomial.equals(turn)
                && base.key().equals(Quotient.atom(atoms.of(Constant.E)).key());
    }

    private Quotient apply(Fn function, List<Quotient> arguments) {
        List<Rational> numbers =
                arguments.stream().flatMap(a -> a.constant().stream()).toList();
        if (numbers.size() == arguments.size()) {
            Optional<Rational> value = ExactFunctions.of(function, numbers, work);
            if (value.isPresent()) {
                return Quotient.of(value.get());
            }
        }
        Optional<Quotient> trigonometric = trigonometry.of(function, arguments.getFirst());
        if (trigonometric.isPresent()) {
            return trigonometric.get();
        }
        if (function == Fn.LOG_BASE) {
            return logarithm(arguments.get(1))
                    .times(logarithm(arguments.getFirst()).inverse(work), atoms, work);
        }
        if (function == Fn.LN) {
            return logarithm(arguments.getFirst());
        }
        if (function == Fn.EXP) {
            return exponential(arguments.getFirst());
        }
        return opaque(function, arguments);
    }

    /** e to some power. */
    Quotient exponential(Quotient exponent) {
        return power(Quotient.atom(atoms.of(Constant.E)), exponent);
    }

    /** The natural logarithm of a number as a sum of logarithms of primes, so that ln 8 is 3 ln 2. */
    private Quotient logarithm(Quotient argument) {
        Optional<Rational> number = argument.constant();
        if (number.isEmpty() || number.get().signum() <= 0) {
            if (argument.isZero()) {
                throw new MathProblem.Undefined("logarithm of zero");
            }
            return opaque(Fn.LN, List.of(argument));
        }
        return primeLogarithms(number.get().numerator())
                .minus(primeLogarithms(number.get().denominator()), atoms, work);
    }

    private Quotient primeLogarithms(BigInteger value) {
        Quotient sum = Quotient.ZERO;
        for (Map.Entry<BigInteger, Integer> factor : Primes.of(value, work).entrySet()) {
            Quotient log = Quotient.atom(atoms.opaque("ln " + factor.getKey()));
            sum = sum.plus(log.times(Quotient.of(Rational.of(factor.getValue())), atoms, work), atoms, work);
        }
        return sum;
    }

    private Quotient opaque(Fn function, List<Quotient> arguments) {
        StringBuilder key = new StringBuilder(function.name());
        arguments.forEach(argument -> key.append('(').append(argument.key()).append(')'));
        work.spend(key.length());
        return Quotient.atom(atoms.opaque(key.toString()));
    }
}
