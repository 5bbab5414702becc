// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import dev.jacobian.tensor.Nullable;
import java.lang.ref.Cleaner;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;

/** What a block holds; apart from the block, so that it outlives one that was dropped. */
final class Grant {
    private final long address;
    private final long bytes;
    final long occupied;
    private final String what;
    final boolean promised;
    final CudaStream home;
    final @Nullable GraphMemory graph; // whose memory it is; null for most
    final Set<CudaStream> others = new HashSet<>(); // touched on the dispatcher's thread only
    final AtomicBoolean returned = new AtomicBoolean();
    Cleaner.Cleanable net; // set once, before the block is given out

    @SuppressWarnings("NullAway.Init") // the net needs the block, and the block the grant
    Grant(
            long address,
            long bytes,
            long occupied,
            String what,
            boolean promised,
            CudaStream home,
            @Nullable GraphMemory graph) {
        this.address = address;
        this.bytes = bytes;
        this.occupied = occupied;
        this.what = what;
        this.promised = promised;
        this.home = home;
        this.graph = graph;
    }

    long address() {
        return address;
    }

    long bytes() {
        return bytes;
    }

    String what() {
        return what;
    }

    void usedOn(CudaStream other) {
        other.context().dispatcher().requireCurrent();
        if (other != home) {
            others.add(other);
        }
    }
}
