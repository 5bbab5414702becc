// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

/** What the process tells its caller. An interrupted JVM ends with 130 by itself, as shells expect. */
final class ExitCode {
    static final int DONE = 0;
    static final int FAILED = 1;
    static final int USAGE = 2;
    static final int INTERRUPTED = 130;

    private ExitCode() {}
}
