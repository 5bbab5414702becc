// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

/** A call of a tool that is the model's mistake: it is told of it. */
public final class ToolException extends Exception {
    private static final long serialVersionUID = 1L;

    /** @param message for the model */
    public ToolException(String message) {
        super(message);
    }

    /** What is wrong, for the model. */
    @Override
    public String getMessage() {
        return String.valueOf(super.getMessage());
    }
}
