// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import dev.jacobian.rl.math.expression.Node.Constant;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apfloat.Apcomplex;
import org.apfloat.ApcomplexMath;
import org.apfloat.Apfloat;
import org.apfloat.ApfloatMath;
import org.apfloat.ApfloatRuntimeException;

/**
 * Values of scalar expressions to many digits, for identities that no exact arithmetic here decides: sin π/12, nested roots, e^x.
 *
 * <p>Everything is complex with principal branches, but odd roots of negative numbers are real, as school has them. The digits come from
 * apfloat, whose floats have a fixed precision whatever their exponent; exponents are bounded before anything is raised to them.
 */
final class Numerics {

    /** Larger exponents, and logarithms of larger values, are too much. */
    private static final double LARGEST_EXPONENT = 1e7;

    private final long precision;
    private final Map<String, Apcomplex> names;
    private final Work work;
    private final long functionCost;
    private boolean leftTheReals;

    Numerics(long precision, Map<String, Apcomplex> names, Work work) {
        this.precision = precision;
        this.names = names;
        this.work = work;
        functionCost = 2000 * (1 + precision * precision / 4000);
    }

    /** The value at the point that the names have. */
    Apcomplex of(Node node) {
        try {
            return value(node);
        } catch (ArithmeticException | ApfloatRuntimeException e) {
            throw new MathProblem.Undefined(String.valueOf(e.getMessage()));
        }
    }

    /** Whether a value on the way was not real: the expression left the numbers that it was written for. */
    boolean leftTheReals() {
        return leftTheReals;
    }

    private Apcomplex value(Node node) {
        Apcomplex value = computed(node);
        leftTheReals |= !isReal(value);
        return value;
    }

    private Apcomplex computed(Node node) {
        work.spend(50 + precision / 4);
        return switch (node) {
            case Node.Num(Rational number) -> number(number);
            case Node.Name(String name) -> {
                Apcomplex value = names.get(name);
                if (value == null) {
                    throw new MathProblem.NotScalar("no value for " + name);
                }
                yield value;
            }
            case Constant constant ->
                switch (constant) {
                    case PI -> ApfloatMath.pi(precision);
                    case E -> ApfloatMath.exp(new Apfloat(1, precision));
                    case I -> Apcomplex.I;
                    default -> throw new MathProblem.NotScalar("no number: " + constant);
                };
            case Node.Sum(List<Node> terms) -> {
                Apcomplex sum = Apcomplex.ZERO;
                for (Node term : terms) {
                    sum = sum.add(value(term));
                }
                yield sum;
            }
            case Node.Product(List<Node> factors) -> {
                Apcomplex product = Apcomplex.ONE;
                for (Node factor : factors) {
                    product = product.multiply(value(factor));
                }
                yield product;
            }
            case Node.Power(Node base, Node exponent) -> power(value(base), exponent);
            case Node.Apply(Fn function, List<Node> arguments) -> apply(function, arguments);
            case Node.Quantity(Node inner, Unit unit)
            when unit.dimensions().isEmpty() -> value(inner).multiply(number(unit.factor()));
            default ->
                throw new MathProblem.NotScalar("no number: " + node.getClass().getSimpleName());
        };
    }

    private Apfloat number(Rational value) {
        Apfloat numerator = new Apfloat(value.numerator(), precision);
        return value.isWhole() ? numerator : numerator.divide(new Apfloat(value.denominator(), precision));
    }

    private Apcomplex power(Apcomplex base, Node exponent) {
        Optional<Rational> exact = Scalars.rational(exponent, work);
        if (exact.isPresent() && exact.get().isInt()) {
            int n = exact.get().numerator().intValue();
            bound(Math.abs((double) n) * (Math.abs((double) scale(base)) + 1) * 2.31);
            work.spend(functionCost / 10);
            return ApcomplexMath.pow(base, (long) n);
        }
        if (base.equals(Apcomplex.ZERO)) {
            throw new MathProblem.Undefined("power of zero");
        }
        work.spend(2 * functionCost);
        if (exact.isPresent()
                && exact.get().denominator().testBit(0)
                && isReal(base)
                && base.real().signum() < 0) {
            Apcomplex size = powerOf(base.negate(), number(exact.get()));
            return exact.get().numerator().testBit(0) ? size.negate() : size;
        }
        return powerOf(base, exact.isPresent() ? number(exact.get()) : value(exponent));
    }

    private Apcomplex powerOf(Apcomplex base, Apcomplex exponent) {
        if (exponent.equals(Apcomplex.ZERO)) {
            return Apcomplex.ONE;
        }
        bound(Math.pow(10, (double) Math.min(20, scale(exponent))) * (Math.abs((double) scale(base)) + 1) * 2.31);
        return exp(exponent.multiply(ApcomplexMath.log(base)));
    }

    private Apcomplex exp(Apcomplex x) {
        bound(Math.max(Math.abs(x.real().doubleValue()), Math.abs(x.imag().doubleValue())));
        return ApcomplexMath.exp(x);
    }

    private static void bound(double size) {
        if (!(size <= LARGEST_EXPONENT)) {
            throw new MathProblem.TooMuchWork("the exponent is too large");
        }
    }

    private static long scale(Apcomplex value) {
        return value.equals(Apcomplex.ZERO) ? 0 : Math.max(-1_000_000_000L, Math.min(1_000_000_000L, value.scale()));
    }

    static boolean isReal(Apcomplex value) {
        return value.imag().signum() == 0;
    }

    private Apcomplex apply(Fn function, List<Node> arguments) {
        work.spend(functionCost);
        if (function == Fn.NAMED) {
            throw new MathProblem.NotScalar("an unknown function");
        }
        Apcomplex x = value(NormalForm.angle(function, arguments.getFirst()));
        bound(Math.max(Math.abs(x.real().doubleValue()), Math.abs(x.imag().doubleValue())));
        return switch (function) {
            case SIN -> ApcomplexMath.sin(x);
            case COS -> ApcomplexMath.cos(x);
            case TAN -> ApcomplexMath.sin(x).divide(ApcomplexMath.cos(x));
            case COT -> ApcomplexMath.cos(x).divide(ApcomplexMath.sin(x));
            case SEC -> Apcomplex.ONE.divide(ApcomplexMath.cos(x));
            case CSC -> Apcomplex.ONE.divide(ApcomplexMath.sin(x));
            case ARCSIN -> ApcomplexMath.asin(x);
            case ARCCOS ->
                ApfloatMath.pi(precision).divide(new Apfloat(2, precision)).subtract(ApcomplexMath.asin(x));
            case ARCTAN -> ApcomplexMath.atan(x);
            case ARCCOT ->
                ApfloatMath.pi(precision).divide(new Apfloat(2, precision)).subtract(ApcomplexMath.atan(x));
            case SINH -> ApcomplexMath.sinh(x);
            case COSH -> ApcomplexMath.cosh(x);
            case TANH -> ApcomplexMath.sinh(x).divide(ApcomplexMath.cosh(x));
            case LN -> ApcomplexMath.log(x);
            case LOG_BASE -> ApcomplexMath.log(value(arguments.get(1))).divide(ApcomplexMath.log(x));
            case EXP -> exp(x);
            case ABS -> ApcomplexMath.abs(x);
            case CONJUGATE -> x.conj();
            case RE -> x.real();
            case IM -> x.imag();
            default -> exactly(function, arguments);
        };
    }

    /** Functions of whole numbers, at points where all arguments are whole; floor and the like of any real number. */
    private Apcomplex exactly(Fn function, List<Node> arguments) {
        List<Rational> numbers = arguments.stream()
                .map(argument -> near(function, value(argument)))
                .toList();
        return ExactFunctions.of(function, numbers, work)
                .map(this::number)
                .orElseThrow(() -> new MathProblem.Undefined("no value of " + function));
    }

    private Rational near(Fn function, Apcomplex value) {
        if (!isReal(value) || scale(value) > precision / 2) {
            throw new MathProblem.NotScalar(function + " of no real number");
        }
        BigInteger scale = BigInteger.TEN.pow((int) (precision / 2));
        Apfloat scaled = value.real().multiply(new Apfloat(scale, precision)).add(new Apfloat("0.5"));
        return new Rational(scaled.floor().toBigInteger(), scale);
    }
}
