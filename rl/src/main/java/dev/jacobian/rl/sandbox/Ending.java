// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

/** How a run ended. */
public enum Ending {
    /** By itself; {@link Outcome#exitCode} says whether it was content. */
    EXITED,
    /** By a signal that no limit explains: an invalid access, an abort, a file over its size. */
    KILLED,
    /** It used the processor for longer than it may, over all its processes and threads. */
    CPU_LIMIT,
    /** It took longer than it may by the clock. */
    WALL_LIMIT,
    /** It asked for more memory than it may have. */
    MEMORY_LIMIT,
    /** It wrote more to standard output or to standard error than it may. */
    OUTPUT_LIMIT,
    /** It never ran: its compiler, or the interpreter before the first line, refused it. */
    NOT_COMPILED
}
