// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.math.expression;

/**
 * Why an expression has no value that could be compared. Such expressions are everyday here (model output is anything), so these
 * carry no stack trace, and none of them leaves the package of the answer checker.
 */
public abstract sealed class MathProblem extends RuntimeException {

    private MathProblem(String message) {
        super(message, null, false, false);
    }

    /** The text is not mathematics that the reader knows. */
    public static final class Unreadable extends MathProblem {
        public Unreadable(String message) {
            super(message);
        }
    }

    /** The expression has no value, such as 1/0. */
    public static final class Undefined extends MathProblem {
        public Undefined(String message) {
            super(message);
        }
    }

    /** The expression is of another kind than the question, such as the sum of a set and a word. */
    public static final class NotScalar extends MathProblem {
        public NotScalar(String message) {
            super(message);
        }
    }

    /** The answer would take more work than is allowed; known before the work is done. */
    public static final class TooMuchWork extends MathProblem {
        public TooMuchWork(String message) {
            super(message);
        }
    }
}
