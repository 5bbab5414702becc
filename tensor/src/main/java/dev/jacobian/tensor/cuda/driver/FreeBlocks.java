// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongConsumer;

/**
 * Closed blocks that are kept for reuse, by stream and occupied bytes. What is free for a stream may still be in use by work
 * given to it before; the next use on the same stream comes after that. On the dispatcher's thread only.
 */
final class FreeBlocks {
    private final Map<CudaStream, Map<Long, ArrayDeque<Long>>> addresses = new IdentityHashMap<>();
    private long bytes;

    /** Begins to keep the blocks of a stream. */
    void keep(CudaStream stream) {
        addresses.computeIfAbsent(stream, key -> new HashMap<>());
    }

    /** Whether blocks of a stream are kept: from {@link #keep} to {@link #forget}. */
    boolean keeps(CudaStream stream) {
        return addresses.containsKey(stream);
    }

    /** Bytes of all blocks. */
    long bytes() {
        return bytes;
    }

    /** Takes a block for a stream; 0 if there is none of the size. */
    long take(CudaStream stream, long occupied) {
        Map<Long, ArrayDeque<Long>> sizes = addresses.get(stream);
        ArrayDeque<Long> free = sizes == null ? null : sizes.get(occupied);
        if (free == null || free.isEmpty()) {
            return 0;
        }
        bytes -= occupied;
        return free.pop();
    }

    /** Adds a block of a stream whose blocks are kept. */
    void add(CudaStream stream, long address, long occupied) {
        bytes += occupied;
        Objects.requireNonNull(addresses.get(stream))
                .computeIfAbsent(occupied, size -> new ArrayDeque<>())
                .push(address);
    }

    /** Hands out all blocks. */
    void empty(LongConsumer free) {
        for (CudaStream stream : List.copyOf(addresses.keySet())) {
            empty(stream, free);
        }
    }

    private void empty(CudaStream stream, LongConsumer free) {
        Objects.requireNonNull(addresses.get(stream)).forEach((size, all) -> {
            while (!all.isEmpty()) {
                bytes -= size;
                free.accept(all.pop());
            }
        });
    }

    /** Hands out the blocks of a stream that ends, and keeps none of its any more. */
    void forget(CudaStream stream, LongConsumer free) {
        if (addresses.containsKey(stream)) {
            empty(stream, free);
            addresses.remove(stream);
        }
    }
}
