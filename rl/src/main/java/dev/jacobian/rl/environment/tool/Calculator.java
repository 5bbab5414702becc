// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.environment.tool;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.environment.Start;

/**
 * Arithmetic, exactly: {@code + - * / ^}, parentheses, decimals. A whole result is written as such, another one as a decimal of at most
 * twelve digits.
 *
 * <p>{@code 2*(3.5+1)} is 9, {@code 1/3} is 0.333333333333. Blanks and an {@code =} at the end do not matter.
 */
public record Calculator() implements Tool {
    private static final String PARAMETER = "expression";

    @Override
    public String name() {
        return "calculator";
    }

    @Override
    public String description() {
        return "Computes an arithmetic expression with + - * / ^ and parentheses.";
    }

    @Override
    public ObjectNode parameters() {
        return FunctionTool.of(PARAMETER, "string");
    }

    @Override
    public ToolUse open(Start start) {
        return arguments -> Calculation.of(FunctionTool.text(arguments, PARAMETER));
    }
}
