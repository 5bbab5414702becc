// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import java.io.IOException;

/** A peer that is a program of its own. */
public interface External {
    /**
     * Does nothing if the program is installed.
     *
     * @throws IllegalStateException saying how to install it, if it is not
     */
    void require();

    /**
     * Runs the program once for a case, in a fresh process.
     *
     * @param label the case
     * @param threads threads it may use
     * @param effort how long
     * @throws IOException if it cannot be started, fails, or prints what cannot be read
     */
    Sample measure(String label, int threads, Effort effort) throws IOException, InterruptedException;
}
