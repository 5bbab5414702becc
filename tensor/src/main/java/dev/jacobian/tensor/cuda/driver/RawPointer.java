// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import java.lang.foreign.MemorySegment;
import jcuda.Pointer;

/**
 * A pointer of JCuda to a place in host memory outside the heap, by its address.
 *
 * <p>JCuda's own pointers to arrays and buffers are trees that it copies on every call; a bare address costs a twentieth of
 * that. The memory must outlive the call, and an asynchronous call's work as well.
 */
public final class RawPointer extends Pointer {
    RawPointer(long address) {
        super(address);
    }

    /** A pointer to the start of a segment outside the heap. */
    public static RawPointer to(MemorySegment segment) {
        if (!segment.isNative()) {
            throw new IllegalArgumentException("a heap segment has no address that a driver could use");
        }
        return new RawPointer(segment.address());
    }
}
