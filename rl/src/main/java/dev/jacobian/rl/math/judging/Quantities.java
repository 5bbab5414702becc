// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.judging;

import dev.jacobian.rl.math.expression.Node;
import dev.jacobian.rl.math.expression.Node.Constant;
import dev.jacobian.rl.math.expression.Rational;
import dev.jacobian.rl.math.expression.Scalars;
import dev.jacobian.rl.math.expression.Unit;
import dev.jacobian.rl.math.expression.Work;
import java.math.BigInteger;

/** Numbers with and without units, percentages, digits in a base. */
final class Quantities {

    private static final Unit POUND = Unit.of("mass", Rational.of(45_359_237, 100_000));
    private static final Unit POUND_STERLING = Unit.of("GBP", Rational.ONE);

    private final Work work;

    Quantities(Work work) {
        this.work = work;
    }

    boolean same(Node gold, Node answer) {
        Node a = value(gold);
        Node b = value(answer);
        Unit first = unit(gold);
        Unit second = unit(answer);
        if (isFraction(first) || isFraction(second)) {
            return samePercent(a, first, b, second);
        }
        if (first.equals(Unit.DEGREE) != second.equals(Unit.DEGREE)
                && (isAngle(first) || isAngle(second))
                && sameAngle(a, first, b)) {
            return true;
        }
        if (isNone(first) || isNone(second)) {
            return Scalars.equal(main(a, first), main(b, second), work) || isNone(second) && Scalars.equal(a, b, work);
        }
        if (arePounds(first, second)) {
            return Scalars.equal(a, b, work);
        }
        if (!first.dimensions().equals(second.dimensions()) && !areDegrees(first, second)) {
            return false;
        }
        return Scalars.equal(times(a, first.factor()), times(b, second.factor()), work);
    }

    private static Node value(Node node) {
        return node instanceof Node.Quantity(Node value, Unit unit) ? value : node;
    }

    private static Unit unit(Node node) {
        return node instanceof Node.Quantity(Node value, Unit unit) ? unit : Unit.NONE;
    }

    private static boolean isNone(Unit unit) {
        return unit.dimensions().isEmpty();
    }

    /** Percent, and what is counted like it. */
    private static boolean isFraction(Unit unit) {
        return isNone(unit) && !unit.equals(Unit.NONE);
    }

    private static Node times(Node value, Rational factor) {
        return factor.equals(Rational.ONE) ? value : Node.product(new Node.Num(factor), value);
    }

    /**
     * 217% is 2.17. Where the reference has the sign, the bare 217 is taken as well: it was asked for in percent. Where the reference is the
     * bare 43, 43% is another number.
     */
    private boolean samePercent(Node a, Unit first, Node b, Unit second) {
        boolean both = first.equals(second);
        if (both || first.equals(Unit.PERCENT) && second.equals(Unit.NONE) && Scalars.equal(a, b, work)) {
            return Scalars.equal(a, b, work);
        }
        if (!isNone(first) || !isNone(second)) {
            return false;
        }
        return Scalars.equal(times(a, first.factor()), times(b, second.factor()), work);
    }

    /** Without a unit an amount of money is in the main unit of its currency; anything else is in the unit that was asked for. */
    private static Node main(Node value, Unit unit) {
        boolean cents = unit.dimensions().keySet().stream().anyMatch(dimension -> dimension.matches("[A-Z]{3}"));
        return cents ? times(value, unit.factor()) : value;
    }

    private static boolean isAngle(Unit unit) {
        return isNone(unit) || unit.equals(Unit.RADIAN);
    }

    /** Degrees against radians, which mostly carry no unit. */
    private boolean sameAngle(Node a, Unit first, Node b) {
        Node degrees = first.equals(Unit.DEGREE) ? a : b;
        Node radians = first.equals(Unit.DEGREE) ? b : a;
        Node turned = Node.product(degrees, Node.product(new Node.Num(Rational.of(1, 180)), Constant.PI));
        return radians.contains(n -> n == Constant.PI) && Scalars.equal(turned, radians, work);
    }

    /** Five pounds are money or weigh something. */
    private static boolean arePounds(Unit a, Unit b) {
        return a.equals(POUND) && b.equals(POUND_STERLING) || a.equals(POUND_STERLING) && b.equals(POUND);
    }

    /** 25° may be meant on a scale of temperature. */
    private static boolean areDegrees(Unit a, Unit b) {
        return a.equals(Unit.DEGREE) && isTemperature(b) || b.equals(Unit.DEGREE) && isTemperature(a);
    }

    private static boolean isTemperature(Unit unit) {
        return unit.dimensions().containsKey("celsius") || unit.dimensions().containsKey("fahrenheit");
    }

    /** Digits in a base against the same, against their value, and against the same digits without the base. */
    boolean sameNumeral(Node gold, Node answer) {
        if (isNonsense(gold) || isNonsense(answer)) {
            return false;
        }
        if (gold instanceof Node.Numeral a && answer instanceof Node.Numeral b) {
            return valueOf(a).equals(valueOf(b));
        }
        Node.Numeral numeral = gold instanceof Node.Numeral a ? a : answer instanceof Node.Numeral b ? b : null;
        if (numeral == null) {
            return false;
        }
        Node other = gold instanceof Node.Numeral ? answer : gold;
        if (other instanceof Node.Num(Rational value)) {
            return value.equals(Rational.of(valueOf(numeral)))
                    || value.isWhole() && numeral.digits().equalsIgnoreCase(value.toString());
        }
        return Scalars.equal(other, new Node.Num(Rational.of(valueOf(numeral))), work);
    }

    /** A digit that its base does not have. */
    private static boolean isNonsense(Node node) {
        return node instanceof Node.Numeral numeral && valueOf(numeral).signum() < 0;
    }

    private static BigInteger valueOf(Node.Numeral numeral) {
        try {
            return new BigInteger(numeral.digits(), numeral.base());
        } catch (NumberFormatException e) {
            return BigInteger.ONE.negate();
        }
    }
}
