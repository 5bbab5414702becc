// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.transfer;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaEvent;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/**
 * Asynchronous copies between Java arrays and a device, through a ring of pinned buffers.
 *
 * <p>The garbage collector may move an array at any time, so no device may write to one, and a copy straight from one makes
 * the driver copy it first. A large array goes piece by piece: while the device moves one, the next is filled or emptied.
 *
 * <p>An upload has read the array when it returns; the array may change at once. A download has filled it only after {@link
 * Readback#await}. Downloads that are not awaited yet keep their slots; when the ring needs one, it empties the oldest into
 * its array. On the dispatcher's thread only.
 */
public final class Staging implements AutoCloseable {
    private final CudaContext context;
    private final List<Slot> slots = new ArrayList<>();
    private final int slotBytes;
    private int next;

    /** A pinned buffer, the end of its last copy, and where what was copied is to go. */
    private static final class Slot {
        final PinnedBuffer buffer;
        final CudaEvent copied;

        @Nullable
        MemorySegment destination; // of a download not emptied yet; null otherwise

        @Nullable
        Readback readback; // likewise

        Slot(CudaContext context, int bytes) {
            buffer = new PinnedBuffer(context, bytes);
            copied = CudaEvent.ordering(context);
        }

        /** Waits for the last copy and empties a download. */
        void settle() {
            copied.synchronize();
            if (readback != null && destination != null) {
                HostCopies.copy(buffer.memory().asSlice(0, destination.byteSize()), destination);
                readback.pieceArrived();
                destination = null;
                readback = null;
            }
        }

        void close() {
            try {
                copied.close();
            } finally {
                buffer.close();
            }
        }
    }

    /**
     * Allocates the ring.
     *
     * @param slots number of pinned buffers; 2 or more overlap copying with filling
     * @param slotBytes size of each
     */
    public Staging(CudaContext context, int slots, int slotBytes) {
        if (slots < 1 || slotBytes < 1) {
            throw new IllegalArgumentException("a ring of " + slots + " buffers of " + slotBytes + " bytes");
        }
        this.context = context;
        this.slotBytes = slotBytes;
        try {
            for (int i = 0; i < slots; i++) {
                this.slots.add(new Slot(context, slotBytes));
            }
        } catch (CudaException refused) {
            this.slots.forEach(Slot::close);
            throw refused;
        }
    }

    /**
     * Starts copying host memory to a block; it may change when this returns.
     *
     * @param from of an array ({@link MemorySegment#ofArray}) or elsewhere
     * @param to as large or larger
     */
    public void upload(MemorySegment from, DeviceBlock to, CudaStream stream) {
        upload(from, to, 0, stream);
    }

    /** {@link #upload(MemorySegment, DeviceBlock, CudaStream)} to a part of the block. */
    public void upload(MemorySegment from, DeviceBlock to, long offset, CudaStream stream) {
        long address = to.address(offset, from.byteSize());
        for (long done = 0; done < from.byteSize(); done += slotBytes) {
            long bytes = Math.min(slotBytes, from.byteSize() - done);
            Slot slot = takeSlot();
            HostCopies.copy(from.asSlice(done, bytes), slot.buffer.memory().asSlice(0, bytes));
            slot.buffer.copyToDevice(address + done, bytes, stream);
            slot.copied.record(stream);
        }
    }

    /**
     * Starts copying a block to host memory.
     *
     * @param from as large as {@code to} or larger
     * @param to of an array ({@link MemorySegment#ofArray}) or elsewhere; undefined until {@link Readback#await}
     */
    public Readback download(DeviceBlock from, MemorySegment to, CudaStream stream) {
        return download(from, 0, to, stream);
    }

    /** {@link #download(DeviceBlock, MemorySegment, CudaStream)} of a part of the block. */
    public Readback download(DeviceBlock from, long offset, MemorySegment to, CudaStream stream) {
        if (to.isReadOnly()) {
            throw new IllegalArgumentException("cannot copy into read-only memory");
        }
        long address = from.address(offset, to.byteSize());
        Readback readback = new Readback(context.dispatcher(), this::settleAll);
        for (long done = 0; done < to.byteSize(); done += slotBytes) {
            long bytes = Math.min(slotBytes, to.byteSize() - done);
            Slot slot = takeSlot();
            slot.buffer.copyFromDevice(address + done, bytes, stream);
            slot.copied.record(stream);
            slot.destination = to.asSlice(done, bytes);
            slot.readback = readback;
            readback.pieceStarted();
        }
        return readback;
    }

    private Slot takeSlot() {
        context.dispatcher().requireCurrent();
        if (slots.isEmpty()) {
            throw new IllegalStateException("the staging ring is closed");
        }
        Slot slot = slots.get(next);
        next = (next + 1) % slots.size();
        slot.settle();
        return slot;
    }

    /** Empties, oldest first, the slots of a download. */
    private void settleAll(Readback readback) {
        for (int i = 0; i < slots.size(); i++) {
            Slot slot = slots.get((next + i) % slots.size());
            if (slot.readback == readback) {
                slot.settle();
            }
        }
    }

    /** Completes every copy, then frees the ring. */
    @Override
    public void close() {
        context.dispatcher().requireCurrent();
        List<Slot> all = List.copyOf(slots);
        slots.clear();
        RuntimeException failure = null;
        for (Slot slot : all) {
            try {
                try {
                    slot.settle();
                } finally {
                    slot.close();
                }
            } catch (RuntimeException failed) {
                failure = failed; // the others are still to be freed
            }
        }
        if (failure != null) {
            throw failure;
        }
    }
}
