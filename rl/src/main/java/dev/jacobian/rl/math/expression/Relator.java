// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

/** What stands between the members of an equation or inequality. */
public enum Relator {
    EQUAL,
    /** Nearly equal: what stands behind it is the rounded value of what stands before. */
    APPROXIMATE,
    NOT_EQUAL,
    LESS,
    LESS_EQUAL,
    GREATER,
    GREATER_EQUAL,
    IN,
    CONGRUENT;

    /** The same statement read from right to left. */
    public Relator flipped() {
        return switch (this) {
            case LESS -> GREATER;
            case LESS_EQUAL -> GREATER_EQUAL;
            case GREATER -> LESS;
            case GREATER_EQUAL -> LESS_EQUAL;
            default -> this;
        };
    }

    /** Whether it compares sizes. */
    public boolean isOrder() {
        return switch (this) {
            case LESS, LESS_EQUAL, GREATER, GREATER_EQUAL -> true;
            default -> false;
        };
    }
}
