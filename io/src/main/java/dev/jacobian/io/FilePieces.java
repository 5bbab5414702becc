// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import dev.jacobian.tensor.ComputePool;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;

/**
 * A stretch of a file that all threads of the {@link ComputePool} read, each a piece at a time.
 *
 * <p>The file is mapped a window at a time and let go again: memory is used for what is made of it, not for the file.
 */
public final class FilePieces {
    /** Bytes that are mapped at a time: enough for all threads, little beside a model. */
    private static final long WINDOW = 64L << 20;

    private FilePieces() {}

    /** Reads some units of a file. */
    @FunctionalInterface
    public interface Reader {
        /**
         * @param bytes begins with the first of the units
         * @param at index of that unit in the stretch
         * @param n how many
         */
        void read(MemorySegment bytes, int at, int n);
    }

    /**
     * Hands a stretch out.
     *
     * @param from first byte of the stretch, which must lie in the file
     * @param unit bytes of what is never divided
     * @param n units in the stretch
     * @param piece most units of a piece
     * @param where names the file, for messages
     * @throws UncheckedIOException if the file cannot be read
     */
    public static void read(FileChannel file, long from, int unit, int n, int piece, String where, Reader reader) {
        int window = (int) Math.min(n, Math.max(1, WINDOW / unit));
        for (long begin = 0; begin < n; begin += window) {
            int first = (int) begin;
            int count = Math.min(window, n - first);
            // Only the memory of a shared arena may be read by other threads; closing one halts them all for a moment.
            try (Arena arena = count <= piece ? Arena.ofConfined() : Arena.ofShared()) {
                MemorySegment bytes =
                        file.map(FileChannel.MapMode.READ_ONLY, from + begin * unit, (long) count * unit, arena);
                ComputePool.run(Math.ceilDiv(count, piece), index -> {
                    int at = index * piece;
                    reader.read(bytes.asSlice((long) at * unit), first + at, Math.min(piece, count - at));
                });
            } catch (IOException e) {
                throw new UncheckedIOException("Cannot read " + where + ": " + e.getMessage(), e);
            }
        }
    }
}
