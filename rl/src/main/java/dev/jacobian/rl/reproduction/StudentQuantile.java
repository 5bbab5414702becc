// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

/**
 * The 97.5 % quantile of Student's t: of how many standard errors an interval of 95 % is made when the deviation itself is estimated from a few
 * values. Up to 9 degrees of freedom it is a table, beyond that the expansion in 1/ν around the normal quantile (Fisher and Cornish), which is
 * right to three decimals there.
 */
final class StudentQuantile {
    private static final double[] FEW = {
        12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157
    };
    private static final double NORMAL = 1.959964;

    private StudentQuantile() {}

    /**
     * The quantile.
     *
     * @param freedom degrees of freedom ν, at least 1
     */
    static double of(int freedom) {
        if (freedom <= FEW.length) {
            return FEW[freedom - 1];
        }
        double z = NORMAL;
        double square = z * z;
        double first = z * (square + 1) / 4;
        double second = z * ((5 * square + 16) * square + 3) / 96;
        double third = z * (((3 * square + 19) * square + 17) * square - 15) / 384;
        return z + (first + (second + third / freedom) / freedom) / freedom;
    }
}
