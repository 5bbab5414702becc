// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import org.junit.jupiter.api.Assumptions;

/** Whether tests that repeat others under further conditions run: {@code -Dtests=exhaustive}, as {@code .ci/run} does. */
public final class Exhaustive {
    private Exhaustive() {}

    /** Whether all conditions are to be tested. */
    static boolean wanted() {
        return Boolean.getBoolean("jacobian.tests.exhaustive");
    }

    /** Skips the test unless they are, and says how to ask for it. */
    public static void require() {
        Assumptions.assumeTrue(wanted(), "only with -Dtests=exhaustive");
    }
}
