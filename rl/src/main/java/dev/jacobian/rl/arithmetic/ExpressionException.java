// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.arithmetic;

/** A text is not an arithmetic expression, or one beyond the parser's limits. */
public final class ExpressionException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    private final int position;

    ExpressionException(String problem, int position) {
        super(problem + " at character " + position);
        this.position = position;
    }

    /** Where in the text, counted in chars from 0. */
    public int position() {
        return position;
    }
}
