// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;

import dev.jacobian.tensor.Nullable;
import java.lang.ref.Cleaner;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.BooleanSupplier;
import java.util.function.IntSupplier;
import java.util.stream.Collectors;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * A device's memory: gives blocks out, keeps closed ones for reuse, and counts every byte.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Blocks are cached here, because the driver's allocation waits for the device, and its own pool gives memory back at
 *       every wait. A block serves again for the same size class on the same stream, so reuse needs no wait either.
 *   <li>Size classes are eighths of powers of two from 512 bytes on: at most an eighth of a block is rounding, and sizes that
 *       vary a little share blocks.
 *   <li>Before a failure is reported, everything cached is given back to the driver and the call made again, and so is what
 *       others can do without ({@link #whenShort}); that holds for whatever else the driver and cuBLAS take memory for
 *       ({@link #attempt}). The exception then says what was needed and what there is, and who holds it.
 *   <li>A block that is dropped without being closed is freed when the garbage collector finds it, at the latest before a
 *       failure is reported. Where somebody had promised to close it, it is counted as leaked: tests hold that count at zero.
 *   <li>What is allocated while a graph is captured stays with that graph ({@link GraphMemory}): its kernels use the
 *       addresses at every launch, whoever closed the blocks.
 *   <li>{@link Reuse#NEVER} gives every block its exact size from the driver and back: slower, and then a memory checker or
 *       the emulated device sees each block's true ends.
 * </ul>
 *
 * <p>Allocation belongs on the dispatcher's thread, closing may happen anywhere.
 */
public final class DeviceMemory {
    /** Whether closed blocks are kept for reuse. */
    public enum Reuse {
        /** By size class and stream. */
        CACHED,
        /** Never, and sizes are not rounded: for finding mistakes. */
        NEVER;

        /** The system property {@code jacobian.cuda.reuse}: {@code cached} (the default) or {@code never}. */
        static Reuse fromProperty() {
            String value = System.getProperty("jacobian.cuda.reuse", "cached");
            return switch (value) {
                case "cached" -> CACHED;
                case "never" -> NEVER;
                default ->
                    throw new IllegalArgumentException("jacobian.cuda.reuse is '" + value + "'; use cached or never");
            };
        }
    }

    private static final Cleaner CLEANER = Cleaner.create();
    private static final long SMALLEST = 512;

    /** How often and how long, before a failure, the garbage collector gets time to find dropped blocks. */
    private static final int DROPPED_WAITS = 20;

    private static final long DROPPED_WAIT_MILLIS = 20;

    private final Dispatcher dispatcher;
    private final CudaDevice device;
    private final Reuse reuse;

    private final Queue<Grant> dropped = new ConcurrentLinkedQueue<>();

    // Everything below is touched on the dispatcher's thread only.
    private final FreeBlocks cache = new FreeBlocks();
    private final Set<Grant> open = new HashSet<>();
    private long live;
    private long held;
    private long peak;
    private long peakLive;
    private long leaked;
    private @Nullable GraphMemory capturing; // null while no graph is captured
    private BooleanSupplier givesUp = () -> false;
    private boolean closed;

    DeviceMemory(Dispatcher dispatcher, CudaDevice device, Reuse reuse) {
        this.dispatcher = dispatcher;
        this.device = device;
        this.reuse = reuse;
    }

    /** The bytes that a block of a size occupies: the next eighth of a power of two. */
    public static long sizeClass(long bytes) {
        if (bytes <= SMALLEST) {
            return SMALLEST;
        }
        long step = Math.max(SMALLEST, Long.highestOneBit(bytes - 1) / 8);
        return (bytes + step - 1) / step * step;
    }

    /**
     * Allocates memory for work on a stream.
     *
     * @param bytes at least 1
     * @param what it is for, for messages
     * @throws CudaException if there is not enough; the message has the numbers
     */
    public DeviceBlock allocate(long bytes, CudaStream stream, String what) {
        return allocate(bytes, stream, what, true);
    }

    /**
     * Allocates memory that nobody may have promised to close.
     *
     * @param promised whether dropping the block without closing it is a leak; otherwise that is how it comes back
     */
    public DeviceBlock allocate(long bytes, CudaStream stream, String what, boolean promised) {
        return allocate(bytes, stream, what, promised, capturing);
    }

    /**
     * Allocates, during a capture, memory that the captured work before this moment does not use either: for what is written
     * once, before all of it runs.
     */
    public DeviceBlock allocateApart(long bytes, CudaStream stream, String what) {
        return allocate(bytes, stream, what, true, null);
    }

    private DeviceBlock allocate(
            long bytes, CudaStream stream, String what, boolean promised, @Nullable GraphMemory recycled) {
        dispatcher.requireCurrent();
        if (bytes < 1 || bytes > Long.MAX_VALUE / 4) {
            throw new IllegalArgumentException("cannot allocate " + bytes + " bytes for " + what);
        }
        if (closed) {
            throw new IllegalStateException("the memory of " + device + " is closed");
        }
        stream.handle(); // open, or an exception
        cache.keep(stream);
        long occupied = reuse == Reuse.NEVER ? bytes : sizeClass(bytes);
        long address = recycled == null ? 0 : recycled.take(occupied);
        if (address == 0) {
            address = cache.take(stream, occupied);
            if (address == 0) {
                address = obtain(occupied, bytes, what);
            }
            held += occupied;
        }
        Grant grant = new Grant(address, bytes, occupied, what, promised, stream, capturing);
        open.add(grant);
        live += bytes;
        peak = Math.max(peak, held + cache.bytes());
        peakLive = Math.max(peakLive, live);
        DeviceBlock block = new DeviceBlock(this, grant);
        grant.net = CLEANER.register(block, () -> giveBackDropped(grant));
        return block;
    }

    /** Memory from the driver; if there is too little, once more without the cache. */
    private long obtain(long occupied, long bytes, String what) {
        RawDevicePointer pointer = new RawDevicePointer();
        int code = answer(() -> JCudaDriver.cuMemAlloc(pointer, occupied));
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw tooLittle(what + " needs " + Bytes.text(occupied), free());
        }
        check(code, "allocating " + Bytes.text(bytes) + " for", what);
        return pointer.address();
    }

    /**
     * Says what gives up, where there is too little, what the program can do without; it tells whether there was anything. Not
     * during a capture: a graph is worth less than another that exists.
     */
    public void whenShort(BooleanSupplier gives) {
        givesUp = gives;
    }

    /**
     * Makes a driver call that may take device memory of its own; if there is too little, once more without the cache.
     *
     * @return what the last call answered
     */
    public int answer(IntSupplier call) {
        int code = call.getAsInt();
        return code == CUresult.CUDA_ERROR_OUT_OF_MEMORY ? answerWithRoom(code, call) : code;
    }

    /** What a call answers, whose first answer was that there is too little memory, once all is free that can be. */
    public int answerWithRoom(int tooLittle, IntSupplier call) {
        dispatcher.requireCurrent();
        int code = tooLittle;
        if (cache.bytes() > 0) {
            trim();
            code = call.getAsInt();
        }
        for (int wait = 0; code == tooLittle && wait < DROPPED_WAITS; wait++) {
            if (collectDropped(wait)) {
                code = call.getAsInt();
            }
        }
        if (code == tooLittle && capturing == null && givesUp.getAsBoolean()) {
            trim();
            code = call.getAsInt();
        }
        // Another process may have given memory back meanwhile.
        return code == tooLittle ? call.getAsInt() : code;
    }

    /**
     * {@link #answer}, or an exception.
     *
     * @param doing what is attempted, such as {@code creating}
     * @param subject what it is attempted with
     * @throws CudaException unless the driver succeeded; with what there is if memory is short
     */
    public void attempt(IntSupplier call, String doing, Object subject) {
        int code = answer(call);
        if (code != CUresult.CUDA_SUCCESS) {
            throw failure(code, doing, subject);
        }
    }

    /** The exception for a failure of a call that may take device memory of its own. */
    public CudaException failure(int code, String doing, Object subject) {
        return code == CUresult.CUDA_ERROR_OUT_OF_MEMORY
                ? tooLittle(doing + " " + subject + " needs more device memory", free())
                : CudaResult.failure(code, doing, subject);
    }

    /**
     * Fails, before anything is allocated, if the device cannot give so many bytes.
     *
     * @param what they are for, such as {@code training}
     * @throws CudaException with what is needed and what there is
     */
    public void require(long bytes, String what) {
        dispatcher.requireCurrent();
        if (bytes > available()) {
            throw tooLittle(what + " needs " + Bytes.text(bytes), available());
        }
    }

    /** Bytes that can still be allocated: free ones, and those cached. */
    public long available() {
        return free() + cache.bytes();
    }

    private long free() {
        long[] free = new long[1];
        long[] total = new long[1];
        check(JCudaDriver.cuMemGetInfo(free, total), "asking the free memory of", device);
        return free[0];
    }

    private CudaException tooLittle(String need, long free) {
        long others = Math.max(0, device.memory() - free - held);
        return new CudaException(
                CUresult.CUDA_ERROR_OUT_OF_MEMORY,
                need + ", " + device + " has " + Bytes.text(free)
                        + " free (this program holds "
                        + Bytes.text(held) + ", the driver and other processes " + Bytes.text(others)
                        + "); use a smaller batch or model, or end other processes on the device",
                null);
    }

    /** Takes a block's memory back, from any thread. */
    void close(Grant grant) {
        giveBack(grant);
        grant.net.clean(); // finds the memory given back and is gone
    }

    private void giveBack(Grant grant) {
        if (grant.returned.getAndSet(true)) {
            return;
        }
        try {
            dispatcher.postAlways(() -> takeBack(grant, false));
        } catch (IllegalStateException contextClosed) {
            // closing the context freed it
        }
    }

    /** Called by the garbage collector's helper: no work that was handed over can still want the block. */
    private void giveBackDropped(Grant grant) {
        if (grant.returned.getAndSet(true)) {
            return;
        }
        dropped.add(grant);
        try {
            dispatcher.postAlways(this::takeBackDropped);
        } catch (IllegalStateException contextClosed) {
            // closing the context freed it
        }
    }

    private void takeBackDropped() {
        for (Grant grant = dropped.poll(); grant != null; grant = dropped.poll()) {
            takeBack(grant, grant.promised);
        }
    }

    /** Lets the garbage collector look for dropped blocks and frees what it finds; whether there was anything. */
    private boolean collectDropped(int wait) {
        if (wait % 5 == 0) {
            System.gc();
        }
        try {
            Thread.sleep(DROPPED_WAIT_MILLIS);
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
        }
        if (dropped.isEmpty()) {
            return false;
        }
        takeBackDropped();
        trim();
        return true;
    }

    private void takeBack(Grant grant, boolean leak) {
        if (!open.remove(grant)) {
            return; // the context was closed first
        }
        live -= grant.bytes();
        leaked += leak ? 1 : 0;
        if (grant.graph != null && grant.graph.giveBack(grant.address(), grant.occupied)) {
            return;
        }
        held -= grant.occupied;
        boolean keep = reuse == Reuse.CACHED && cache.keeps(grant.home);
        if (!keep) {
            freeNow(grant.address());
            return;
        }
        for (CudaStream other : grant.others) {
            if (other.isClosed()) {
                continue; // it waited for its work then
            }
            try (CudaEvent event = CudaEvent.ordering(other.context())) {
                event.record(other);
                grant.home.await(event);
            }
        }
        cache.add(grant.home, grant.address(), grant.occupied);
    }

    /**
     * Keeps all that is allocated from now on for a graph, until {@link #endGraph}. Blocks that are closed meanwhile serve
     * again within the graph, whose launches run in the order of the capture.
     */
    public GraphMemory beginGraph(CudaStream stream) {
        dispatcher.requireCurrent();
        if (capturing != null) {
            throw new IllegalStateException("a graph is captured while another is");
        }
        capturing = new GraphMemory(this, stream, reuse == Reuse.CACHED);
        return capturing;
    }

    /** Ends {@link #beginGraph}. */
    public void endGraph() {
        dispatcher.requireCurrent();
        capturing = null;
    }

    /** Takes back what a graph that was closed had kept. */
    void takeBack(CudaStream stream, long address, long occupied) {
        dispatcher.requireCurrent();
        if (closed) {
            return; // closing the context freed it
        }
        held -= occupied;
        if (reuse == Reuse.CACHED && cache.keeps(stream)) {
            cache.add(stream, address, occupied);
        } else {
            freeNow(address);
        }
    }

    /** The driver waits for all work before it frees, so memory that is still in use is safe. */
    private void freeNow(long address) {
        check(JCudaDriver.cuMemFree(new RawDevicePointer(address)), "freeing memory of", device);
    }

    /** Gives everything cached back to the driver; waits for the device. */
    public void trim() {
        dispatcher.requireCurrent();
        cache.empty(this::freeNow);
    }

    /** Frees what is cached for a stream that ends; its open blocks go straight back to the driver when closed. */
    void forget(CudaStream stream) {
        dispatcher.requireCurrent();
        cache.forget(stream, this::freeNow);
    }

    /** The numbers of this moment. */
    public MemoryAccount account() {
        return dispatcher.call(() -> new MemoryAccount(live, held, cache.bytes(), peak, peakLive, open.size(), leaked));
    }

    /** What the open blocks are for, in any order, for a message about those left open. */
    String openBlocks() {
        return dispatcher.call(() -> open.stream()
                .map(grant -> grant.what() + " (" + Bytes.text(grant.bytes()) + ")")
                .limit(20)
                .collect(Collectors.joining(", ")));
    }

    /** Frees everything, open blocks included. */
    void close() {
        dispatcher.requireCurrent();
        if (closed) {
            return;
        }
        closed = true;
        trim();
        List<Grant> left = new ArrayList<>(open);
        open.clear();
        for (Grant grant : left) {
            grant.returned.set(true);
            live -= grant.bytes();
            held -= grant.occupied;
            freeNow(grant.address());
        }
    }
}
