// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

import java.util.Locale;
import java.util.Optional;

/** A function that the reader knows by name. */
public enum Fn {
    SIN,
    COS,
    TAN,
    COT,
    SEC,
    CSC,
    ARCSIN,
    ARCCOS,
    ARCTAN,
    ARCCOT,
    SINH,
    COSH,
    TANH,
    LN,
    /** Of no stated base: natural to some, decimal to others. The judge tries both. */
    LOG,
    /** Arguments: base, number. */
    LOG_BASE,
    EXP,
    /** cos x + i sin x; the reader writes it so. */
    CIS,
    ABS,
    FLOOR,
    CEIL,
    FACTORIAL,
    DOUBLE_FACTORIAL,
    /** Arguments: n, k. */
    BINOMIAL,
    /** Arguments: n, k. */
    PERMUTATIONS,
    GCD,
    LCM,
    MAX,
    MIN,
    MOD,
    DET,
    TRANSPOSE,
    CONJUGATE,
    RE,
    IM,
    SIGN_OF,
    /** A function that the problem named: f(x). The first argument is the name. */
    NAMED;

    /** The function whose name is this in formulas, if there is one. */
    public static Optional<Fn> byName(String name) {
        return switch (name) {
            case "sin",
                    "cos",
                    "tan",
                    "cot",
                    "sec",
                    "csc",
                    "arcsin",
                    "arccos",
                    "arctan",
                    "arccot",
                    "sinh",
                    "cosh",
                    "tanh",
                    "ln",
                    "log",
                    "exp",
                    "cis",
                    "max",
                    "min",
                    "det",
                    "gcd",
                    "lcm" -> Optional.of(valueOf(name.toUpperCase(Locale.ROOT)));
            case "asin" -> Optional.of(ARCSIN);
            case "acos" -> Optional.of(ARCCOS);
            case "atan" -> Optional.of(ARCTAN);
            case "cosec" -> Optional.of(CSC);
            case "ctg", "cotg" -> Optional.of(COT);
            case "tg" -> Optional.of(TAN);
            case "abs" -> Optional.of(ABS);
            case "floor" -> Optional.of(FLOOR);
            case "ceil", "ceiling" -> Optional.of(CEIL);
            case "binom", "binomial", "comb" -> Optional.of(BINOMIAL);
            case "factorial" -> Optional.of(FACTORIAL);
            case "Re" -> Optional.of(RE);
            case "Im" -> Optional.of(IM);
            case "sgn", "sign" -> Optional.of(SIGN_OF);
            default -> Optional.empty();
        };
    }

    /** The inverse of a trigonometric function, which {@code \sin^{-1}} means. */
    public Optional<Fn> inverse() {
        return switch (this) {
            case SIN -> Optional.of(ARCSIN);
            case COS -> Optional.of(ARCCOS);
            case TAN -> Optional.of(ARCTAN);
            case COT -> Optional.of(ARCCOT);
            default -> Optional.empty();
        };
    }

    /** Whether its argument is an angle, so that degrees in it are turned into radians. */
    public boolean takesAngle() {
        return switch (this) {
            case SIN, COS, TAN, COT, SEC, CSC -> true;
            default -> false;
        };
    }
}
