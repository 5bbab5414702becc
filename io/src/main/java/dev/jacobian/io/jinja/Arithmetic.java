// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.jinja;

import dev.jacobian.io.jinja.Expression.Operator;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.util.ArrayList;
import java.util.List;

/** {@code + - * / // % **}, on numbers, texts and lists. */
final class Arithmetic {
    private Arithmetic() {}

    static Value apply(Operator operator, Value left, Value right, Session session) {
        if (left instanceof Value.Undefined undefined) {
            throw undefined.failure();
        }
        if (operator == Operator.MODULO && left instanceof Value.Str format) {
            return session.made(PercentFormat.format(format.text(), right, session));
        }
        if (right instanceof Value.Undefined undefined) {
            throw undefined.failure();
        }
        if (left instanceof Value.Numeric a && right instanceof Value.Numeric b) {
            return a.isInteger() && b.isInteger()
                    ? integers(operator, a.integer(), b.integer())
                    : new Value.Real(reals(operator, a.real(), b.real()));
        }
        return switch (operator) {
            case ADD -> joined(left, right, session.meter());
            case MULTIPLY -> repeated(left, right, session.meter());
            default -> throw unsupported(operator, left, right);
        };
    }

    private static JinjaException unsupported(Operator operator, Value left, Value right) {
        return JinjaException.operation("unsupported operand type(s) for " + operator.symbol() + ": '"
                + PythonText.typeName(left) + "' and '" + PythonText.typeName(right) + "'");
    }

    private static Value joined(Value left, Value right, Meter meter) {
        if (left instanceof Value.Str a && right instanceof Value.Str b) {
            boolean safe = a.safe() || b.safe();
            String first = (safe ? a.escaped() : a).text();
            String second = (safe ? b.escaped() : b).text();
            meter.make((long) first.length() + second.length());
            return new Value.Str(first + second, safe);
        }
        if (left instanceof Value.Items a && right instanceof Value.Items b) {
            return Value.Items.of(joined(a.items(), b.items(), meter));
        }
        if (left instanceof Value.Tuple a && right instanceof Value.Tuple b) {
            return Value.Tuple.of(joined(a.items(), b.items(), meter));
        }
        if (left instanceof Value.Str || left instanceof Value.Sequence) {
            String type = PythonText.typeName(left);
            throw JinjaException.operation(
                    "can only concatenate " + type + " (not \"" + PythonText.typeName(right) + "\") to " + type);
        }
        throw unsupported(Operator.ADD, left, right);
    }

    private static List<Value> joined(List<Value> a, List<Value> b, Meter meter) {
        meter.make(2L * ((long) a.size() + b.size()));
        List<Value> all = new ArrayList<>(a);
        all.addAll(b);
        return all;
    }

    private static Value repeated(Value left, Value right, Meter meter) {
        if (left instanceof Value.Numeric number && number.isInteger()) {
            return repeated(right, number, left, right, meter);
        }
        if (right instanceof Value.Numeric number && number.isInteger()) {
            return repeated(left, number, left, right, meter);
        }
        throw unsupported(Operator.MULTIPLY, left, right);
    }

    private static Value repeated(Value what, Value.Numeric times, Value left, Value right, Meter meter) {
        int count = Math.max(0, Arguments.clamped(times.integer()));
        return switch (what) {
            case Value.Str(String text, boolean safe) -> {
                meter.make((long) text.length() * count);
                yield new Value.Str(text.repeat(text.isEmpty() ? 0 : count), safe);
            }
            case Value.Items list -> Value.Items.of(repeated(list.items(), count, meter));
            case Value.Tuple tuple -> Value.Tuple.of(repeated(tuple.items(), count, meter));
            default -> throw unsupported(Operator.MULTIPLY, left, right);
        };
    }

    private static List<Value> repeated(List<Value> items, int count, Meter meter) {
        meter.make(2L * items.size() * count);
        List<Value> all = new ArrayList<>();
        for (int i = 0; i < count && !items.isEmpty(); i++) {
            all.addAll(items);
        }
        return all;
    }

    private static Value integers(Operator operator, BigInteger a, BigInteger b) {
        return switch (operator) {
            case ADD -> Meter.integer(a.add(b));
            case SUBTRACT -> Meter.integer(a.subtract(b));
            case MULTIPLY -> Meter.integer(a.multiply(b));
            case DIVIDE -> {
                requireNotZero(b.signum() == 0, "division by zero");
                boolean exact = a.bitLength() <= 53 && b.bitLength() <= 53;
                double quotient = exact
                        ? a.doubleValue() / b.doubleValue()
                        : new BigDecimal(a)
                                .divide(new BigDecimal(b), new MathContext(60))
                                .doubleValue();
                yield new Value.Real(finite(quotient, "integer division result too large for a float"));
            }
            case FLOOR_DIVIDE -> {
                requireNotZero(b.signum() == 0, "integer division or modulo by zero");
                BigInteger[] parts = a.divideAndRemainder(b);
                boolean down = parts[1].signum() != 0 && parts[1].signum() != b.signum();
                yield new Value.Int(down ? parts[0].subtract(BigInteger.ONE) : parts[0]);
            }
            case MODULO -> {
                requireNotZero(b.signum() == 0, "integer modulo by zero");
                BigInteger rest = a.remainder(b);
                yield new Value.Int(rest.signum() != 0 && rest.signum() != b.signum() ? rest.add(b) : rest);
            }
            case POWER -> {
                if (b.signum() < 0) {
                    yield new Value.Real(reals(operator, a.doubleValue(), b.doubleValue()));
                }
                if (a.bitLength() > 1
                        && (double) (a.bitLength() - 1) * b.doubleValue() > JinjaLimits.MAX_INTEGER_BITS) {
                    throw Meter.tooLarge();
                }
                // the base is -1, 0 or 1, or the exponent is small
                yield Meter.integer(
                        a.pow(a.bitLength() > 1 ? b.intValue() : b.signum() == 0 ? 0 : b.testBit(0) ? 1 : 2));
            }
        };
    }

    private static double reals(Operator operator, double a, double b) {
        return switch (operator) {
            case ADD -> a + b;
            case SUBTRACT -> a - b;
            case MULTIPLY -> a * b;
            case DIVIDE -> {
                requireNotZero(b == 0, "division by zero");
                yield a / b;
            }
            case FLOOR_DIVIDE -> {
                requireNotZero(b == 0, "division by zero");
                double rest = a % b;
                double quotient = (a - rest) / b;
                quotient -= rest != 0 && rest < 0 != b < 0 ? 1 : 0;
                double floor = Math.floor(quotient);
                yield quotient == 0 ? Math.copySign(0, a / b) : quotient - floor > 0.5 ? floor + 1 : floor;
            }
            case MODULO -> {
                requireNotZero(b == 0, "division by zero");
                double rest = a % b;
                yield rest == 0 ? Math.copySign(0, b) : rest < 0 != b < 0 ? rest + b : rest;
            }
            case POWER -> {
                requireNotZero(a == 0 && b < 0, "0.0 cannot be raised to a negative power");
                double power = Math.pow(a, b);
                if (a < 0 && Double.isNaN(power)) {
                    throw JinjaException.operation("a negative number has no real power with a fraction");
                }
                yield Double.isFinite(a) && Double.isFinite(b) ? finite(power, "Numerical result out of range") : power;
            }
        };
    }

    private static double finite(double value, String message) {
        if (Double.isInfinite(value)) {
            throw JinjaException.operation(message);
        }
        return value;
    }

    private static void requireNotZero(boolean zero, String message) {
        if (zero) {
            throw JinjaException.operation(message);
        }
    }
}
