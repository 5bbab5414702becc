// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import java.nio.file.Path;

/**
 * When a list goes to disk, and where.
 *
 * @param memory bytes that it holds before
 * @param folder of its temporary file; there is none before it is needed
 */
public record Spill(long memory, Path folder) {
    private static final long LEAST = 1 << 20;
    private static final long MOST = 256 << 20;

    /** Several lists of a run are filled at a time, and the model wants most of the heap. */
    private static final int SHARE_OF_HEAP = 16;

    /** Checks the bound. */
    public Spill {
        if (memory < 0) {
            throw new IllegalArgumentException("a list cannot hold " + memory + " bytes in memory");
        }
    }

    /** A sixteenth of the heap, 256 MiB at most, then the folder that {@code java.io.tmpdir} names. */
    public static Spill usual() {
        return new Spill(
                Math.clamp(Runtime.getRuntime().maxMemory() / SHARE_OF_HEAP, LEAST, MOST),
                Path.of(System.getProperty("java.io.tmpdir", ".")));
    }
}
