// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.util.Map;

/**
 * A unit of measurement, reduced to powers of base dimensions.
 *
 * @param dimensions the exponent of each base dimension, such as {@code {length=1, time=-1}}; a noun that is no unit (apples) is a
 *     dimension of its own
 * @param factor what one of it is in the base units
 */
public record Unit(Map<String, Integer> dimensions, Rational factor) {

    /** Hundredths: no dimension. */
    public static final Unit PERCENT = new Unit(Map.of(), Rational.of(1, 100));

    /** Angles in degrees. */
    public static final Unit DEGREE = of("angle", Rational.ONE);

    /** A sixtieth of a degree. */
    public static final Unit ARC_MINUTE = of("angle", Rational.of(1, 60));

    /** A sixtieth of that. */
    public static final Unit ARC_SECOND = of("angle", Rational.of(1, 3600));

    /** Angles in radians, which nearly always go without their unit. */
    public static final Unit RADIAN = of("radian", Rational.ONE);

    /** No unit. */
    public static final Unit NONE = new Unit(Map.of(), Rational.ONE);

    /** A unit of one base dimension. */
    public static Unit of(String dimension, Rational factor) {
        return new Unit(Map.of(dimension, 1), factor);
    }

    /** The product of two units. */
    public Unit times(Unit other) {
        Map<String, Integer> sum = new java.util.TreeMap<>(dimensions);
        other.dimensions.forEach((dimension, exponent) -> sum.merge(dimension, exponent, Integer::sum));
        sum.values().removeIf(exponent -> exponent == 0);
        return new Unit(Map.copyOf(sum), factor.times(other.factor));
    }

    /** A whole power of it; the exponent is small. */
    public Unit power(int exponent) {
        Map<String, Integer> scaled = new java.util.TreeMap<>();
        dimensions.forEach((dimension, e) -> scaled.put(dimension, e * exponent));
        scaled.values().removeIf(e -> e == 0);
        return new Unit(Map.copyOf(scaled), factor.power(exponent));
    }
}
