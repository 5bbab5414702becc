// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Device memory that is open until closed. Its contents are undefined at first.
 *
 * <p>A block belongs to the stream it was allocated for: closing it lets the next allocation for that stream have it without
 * any wait, because the stream's order separates the two uses. Work on another stream is told with {@link #usedOn}.
 */
public final class DeviceBlock implements AutoCloseable {
    private final DeviceMemory memory;
    private final Grant grant;
    private final AtomicBoolean closed = new AtomicBoolean();

    DeviceBlock(DeviceMemory memory, Grant grant) {
        this.memory = memory;
        this.grant = grant;
    }

    /**
     * The device address.
     *
     * @throws IllegalStateException if the block is closed
     */
    public long address() {
        if (closed.get()) {
            throw new IllegalStateException("the device block '" + grant.what() + "' is closed");
        }
        return grant.address();
    }

    /**
     * The address of a part.
     *
     * @throws IndexOutOfBoundsException if the part is not within the block
     */
    public long address(long offset, long bytes) {
        if (offset < 0 || bytes < 0 || offset > bytes() - bytes) {
            throw new IndexOutOfBoundsException(bytes + " bytes at " + offset + " are not within the device block '"
                    + grant.what() + "' of " + bytes() + " bytes");
        }
        return address() + offset;
    }

    /** Bytes asked for. */
    public long bytes() {
        return grant.bytes();
    }

    /** Whether {@link #close} was called. */
    boolean isClosed() {
        return closed.get();
    }

    /** Says that work given to another stream until now uses this block, so that its memory waits for that work when closed. */
    void usedOn(CudaStream other) {
        grant.usedOn(other);
    }

    /** Gives the memory back; from any thread, and any number of times. */
    @Override
    public void close() {
        if (!closed.getAndSet(true)) {
            memory.close(grant);
        }
    }

    @Override
    public String toString() {
        return "device block '" + grant.what() + "' of " + Bytes.text(bytes()) + (closed.get() ? ", closed" : "");
    }
}
