// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** The memory of the device that a backend computes on. By itself it is the CPU's: the Java heap. */
public interface BackendMemory {
    /** The CPU's. */
    BackendMemory JAVA_HEAP = new BackendMemory() {};

    /**
     * Memory for elements of tensors on this backend's device, with unspecified contents.
     *
     * @param scoped whether the caller promises to close it; if it does not, that is counted as a leak. Other memory comes
     *     back when the garbage collector finds it unused
     * @throws UnsupportedOperationException on the CPU, whose tensors are Java arrays
     */
    default DeviceArray allocate(DType dtype, int elements, boolean scoped) {
        throw new UnsupportedOperationException("the CPU computes on Java arrays; make them with Tensor.zeros");
    }

    /** Bytes that computations may still take: of the device, or what the heap may grow to. */
    default long availableMemory() {
        return Runtime.getRuntime().maxMemory();
    }

    /**
     * Elements that a temporary of a computation in chunks should have to keep the device busy; 0 where small ones are as
     * good, because they stay in caches.
     */
    default int chunkElements() {
        return 0;
    }
}
