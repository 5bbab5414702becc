// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * The memory that the kernels of a captured graph use: reserved as long as the graph can be launched.
 *
 * <p>Blocks that were closed during the capture serve later allocations of the same capture, as the stream's cache does
 * outside of it, because a launch runs in the order of the capture. To others they are given only when the graph is closed;
 * a block that is still open then comes back by itself. On the dispatcher's thread only.
 */
public final class GraphMemory implements AutoCloseable {
    private final DeviceMemory memory;
    private final CudaStream stream;
    private final boolean reuses;
    private final Map<Long, ArrayDeque<Long>> free = new HashMap<>(); // addresses by size
    private boolean closed;

    GraphMemory(DeviceMemory memory, CudaStream stream, boolean reuses) {
        this.memory = memory;
        this.stream = stream;
        this.reuses = reuses;
    }

    /** The address of a free block of a size, or 0. */
    long take(long occupied) {
        ArrayDeque<Long> addresses = reuses ? free.get(occupied) : null;
        return addresses == null || addresses.isEmpty() ? 0 : addresses.pop();
    }

    /** Keeps a block that was closed; false if the graph is closed too, so that nobody needs it any more. */
    boolean giveBack(long address, long occupied) {
        if (!closed) {
            free.computeIfAbsent(occupied, size -> new ArrayDeque<>()).push(address);
        }
        return !closed;
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            free.forEach(
                    (occupied, addresses) -> addresses.forEach(address -> memory.takeBack(stream, address, occupied)));
            free.clear();
        }
    }
}
