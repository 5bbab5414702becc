// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

/**
 * A completion worth showing.
 *
 * @param when {@code before} or {@code after} the stage
 * @param prompt what was asked
 * @param completion what the model said
 * @param reward what it earned
 * @param solved whether it solves the problem
 */
public record Sample(String when, String prompt, String completion, double reward, boolean solved) {
    /** Before the stage. */
    public static final String BEFORE = "before";

    /** After the stage. */
    public static final String AFTER = "after";
}
