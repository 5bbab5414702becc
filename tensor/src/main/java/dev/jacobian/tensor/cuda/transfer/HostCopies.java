// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.transfer;

import dev.jacobian.tensor.ComputePool;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Copies between Java arrays and pinned memory, on all threads: one alone is slower than a device's copies, which wait for it.
 *
 * <p>Other memory of the host may belong to one thread, so it is copied by the caller.
 */
public final class HostCopies {
    /** Bytes that one thread copies at a time: many microseconds, and small enough that all have some. */
    private static final long PIECE = 512 << 10;

    private final List<MemorySegment> sources = new ArrayList<>();
    private final List<MemorySegment> targets = new ArrayList<>();

    /** One copy, done when this returns; source and target have one size. */
    static void copy(MemorySegment from, MemorySegment to) {
        boolean ofAnArray = from.heapBase().isPresent() || to.heapBase().isPresent();
        if (!ofAnArray || from.byteSize() <= PIECE) {
            to.copyFrom(from);
        } else {
            HostCopies copies = new HostCopies();
            copies.add(from, to);
            copies.run();
        }
    }

    /** Adds a copy to be done; source and target have one size. */
    public void add(MemorySegment from, MemorySegment to) {
        for (long at = 0; at < from.byteSize(); at += PIECE) {
            long bytes = Math.min(PIECE, from.byteSize() - at);
            sources.add(from.asSlice(at, bytes));
            targets.add(to.asSlice(at, bytes));
        }
    }

    /** Does what was added. */
    public void run() {
        ComputePool.run(sources.size(), i -> targets.get(i).copyFrom(sources.get(i)));
    }
}
