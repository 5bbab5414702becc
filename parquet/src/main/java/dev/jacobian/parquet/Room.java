// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet;

import dev.jacobian.parquet.format.Corrupt;

/**
 * The memory that the columns of a row group may take together: their pages as they are when decompressed, their dictionaries, the row that is
 * read. A page says itself how large it is, and a few bytes of a file can say much.
 */
final class Room {
    private final long most;
    private long taken;

    /** @param most bytes */
    Room(long most) {
        this.most = most;
    }

    /** A quarter of what the JVM may take. */
    static Room ofTheJvm() {
        return new Room(Runtime.getRuntime().maxMemory() / 4);
    }

    /**
     * Takes bytes.
     *
     * @throws Corrupt if there is no room for them
     */
    void take(long bytes) {
        if (bytes > most - taken) {
            throw new Corrupt("its columns take more than " + (most >> 20)
                    + " MiB at once when decompressed; give the JVM more with -Xmx");
        }
        taken += bytes;
    }

    /** Gives back what was taken. */
    void give(long bytes) {
        taken -= bytes;
    }
}
