// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import dev.jacobian.tensor.Arithmetic;
import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.kernels.Cublas;
import dev.jacobian.tensor.cuda.libraries.CudaLibraries;
import dev.jacobian.tensor.cuda.libraries.CudaLoader;
import dev.jacobian.tensor.cuda.transfer.Readback;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Locale;
import java.util.function.Supplier;

/**
 * A GPU at work in one {@link Arithmetic}: takes what kernels ask for and hands it on in order.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>An engine's tensors are of its arithmetic, and it takes no others: two of them in one operation are an error. The engines
 *       of a device differ in nothing else; memory, stream, kernels and cuBLAS are the device's.
 *   <li>One stream, because its order is the program's order and nothing then needs an event. Moments on their way to and from
 *       the host's memory have two more.
 *   <li>Callers never wait unless they read. What they ask is handed to the dispatcher; the arguments are checked and arrays
 *       of theirs copied before, on the caller's thread, where a mistake has the right stack.
 *   <li>A kernel's arguments are given as a list; what they are decides how they are passed: a tensor or a place as its
 *       address, an {@code int[]} as the address of a copy on the device, null as 0, numbers as they are. Within {@link
 *       #placed} a caller says where some arrays are already.
 * </ul>
 */
public final class CudaEngine implements AutoCloseable {
    /** Enough blocks of 256 threads per processor to fill it; kernels over elements loop. */
    private static final int BLOCKS_PER_PROCESSOR = 8;

    private static final int THREADS = 256;

    private final CudaResources resources;
    private final Device device;
    private final ThreadLocal<Places> places;
    private final int maxBlocks;

    private CudaEngine(CudaResources resources, Device device, ThreadLocal<Places> places) {
        this.resources = resources;
        this.device = device;
        this.places = places;
        this.maxBlocks =
                BLOCKS_PER_PROCESSOR * Math.max(1, resources.context().device().multiprocessors());
    }

    /**
     * Loads the libraries, opens a device and compiles the first kernels for it; the others are compiled when they are used.
     *
     * @throws CudaException if anything is missing or refuses
     */
    public static CudaEngine open(int ordinal) {
        CudaLibraries libraries = CudaLibraries.find();
        CudaLoader.driver(libraries);
        CudaResources resources = new CudaResources(CudaContext.open(ordinal));
        try {
            CudaLoader.cublas(libraries);
            resources.open();
            return new CudaEngine(resources, Device.cuda(ordinal), new ThreadLocal<>());
        } catch (RuntimeException | Error refused) {
            try {
                resources.close();
            } catch (RuntimeException alsoRefused) {
                refused.addSuppressed(alsoRefused);
            }
            throw refused;
        }
    }

    /** The same device at work in another arithmetic; closing one of them closes both. */
    public CudaEngine with(Arithmetic arithmetic) {
        return new CudaEngine(resources, device.with(arithmetic), places);
    }

    public CudaContext context() {
        return resources.context();
    }

    /** The device with this engine's arithmetic. */
    public Device device() {
        return device;
    }

    /** How kernels are chosen where there are several. */
    public Arithmetic arithmetic() {
        return device.arithmetic();
    }

    /** Whether results for a row must not depend on the rows beside it. */
    public boolean isBatchInvariant() {
        return arithmetic() == Arithmetic.BATCH_INVARIANT;
    }

    /** Whether another engine works on the same device, in any arithmetic. */
    boolean sharesDeviceWith(CudaEngine other) {
        return resources == other.resources;
    }

    public CudaStream stream() {
        return resources.stream();
    }

    /** Starts copying host memory, which may change when this returns, to a part of a block; on the dispatcher's thread. */
    public void upload(MemorySegment from, DeviceBlock to, long offset) {
        resources.upload(from, to, offset);
    }

    /** Copies a part of a block to host memory and waits for it; on the dispatcher's thread. */
    public void download(DeviceBlock from, long offset, MemorySegment to) {
        resources.download(from, offset, to);
    }

    /** Starts copying the beginning of a block to host memory; on the dispatcher's thread. */
    public Readback startDownload(DeviceBlock from, MemorySegment to) {
        return resources.startDownload(from, to);
    }

    public Cublas cublas() {
        return resources.cublas();
    }

    /** Says what is to be closed before the device's own stream and memory; on the dispatcher's thread. */
    public void beforeClosing(Runnable close) {
        resources.beforeClosing(close);
    }

    /** Runs a task on the dispatcher's thread some time later. */
    public void post(Runnable task) {
        context().dispatcher().post(task);
    }

    /** Runs a task on the dispatcher's thread and waits for it, not for the device. */
    public void run(Runnable task) {
        context().dispatcher().run(task);
    }

    /** Memory on the stream; on the dispatcher's thread. */
    public DeviceBlock allocate(long bytes, String what, boolean promised) {
        return resources.allocate(bytes, what, promised);
    }

    /** Memory that is closed within the task; on the dispatcher's thread. */
    public DeviceBlock scratch(long bytes, String what) {
        return allocate(Math.max(1, bytes), what, true);
    }

    /** {@code family_type}, such as {@code add_bf16}. */
    public static String typed(String family, DType dtype) {
        return switch (dtype) {
            case F32 -> family + "_f32";
            case BF16 -> family + "_bf16";
            case F16, I8, I32, I64 -> throw new IllegalArgumentException("no kernel " + family + " for " + dtype);
        };
    }

    /** What kernels that convert are called by, such as {@code f32_to_bf16}; {@code f32} where nothing is converted. */
    public static String fromTo(DType from, DType to) {
        String name = from.name().toLowerCase(Locale.ROOT);
        return from == to ? name : name + "_to_" + to.name().toLowerCase(Locale.ROOT);
    }

    /** Launches a kernel that loops over {@code n} elements. */
    public void launchOver(long n, String kernel, @Nullable Object... arguments) {
        if (n > 0) {
            launch(kernel, (int) Math.min(maxBlocks, (n + THREADS - 1) / THREADS), 1, THREADS, arguments);
        }
    }

    /** Launches a kernel; nothing happens if the grid is empty. */
    public void launch(String kernel, int gridX, int gridY, int threads, @Nullable Object... arguments) {
        launchShared(kernel, gridX, gridY, threads, 0, arguments);
    }

    /** The same with dynamic shared memory for each block. */
    public void launchShared(
            String kernel, int gridX, int gridY, int threads, int sharedBytes, @Nullable Object... arguments) {
        if (gridX == 0 || gridY == 0) {
            return;
        }
        Object[] passed = new Object[arguments.length];
        for (int i = 0; i < passed.length; i++) {
            passed[i] = switch (arguments[i]) {
                case Tensor tensor -> View.of(this, tensor);
                case int[] values -> integers(values);
                case null -> 0L;
                default -> arguments[i];
            };
        }
        post(() -> launchNow(kernel, gridX, gridY, threads, sharedBytes, passed));
    }

    /** An integer array as an argument of {@link #launchNow}: its place within {@link #placed}, else a copy of it. */
    public Object integers(int[] values) {
        Places known = places.get();
        View place = known == null ? null : known.of(values);
        return place == null ? values.clone() : place;
    }

    /**
     * Runs a body on the caller's thread, in which kernels that are given certain arrays read them at places on the device
     * instead of in copies of them.
     */
    public <T> T placed(Places known, Supplier<T> body) {
        places.set(known);
        try {
            return body.get();
        } finally {
            places.remove();
        }
    }

    /** Whether the calling thread is in a body of {@link #placed}. */
    public boolean isPlaced() {
        return places.get() != null;
    }

    /** A part of an integer array, which is placed where the array is. */
    public int[] part(int[] array, int from, int to) {
        Places known = places.get();
        return known == null ? Arrays.copyOfRange(array, from, to) : known.part(array, from, to);
    }

    /** Rows sorted by where they go. */
    public RowGroups groups(int[] rows) {
        Places known = places.get();
        RowGroups placed = known == null ? null : known.groups(rows);
        return placed == null ? RowGroups.of(rows) : placed;
    }

    /** Runs a task in which integer arrays belong to a graph; on the dispatcher's thread. */
    void whileCapturing(CudaGraph graph, Runnable task) {
        resources.whileCapturing(graph, task);
    }

    /** Says that a graph is closed; on the dispatcher's thread. */
    void forget(CudaGraph graph) {
        resources.forget(graph);
    }

    /** The same on the dispatcher's thread; there a {@link DeviceBlock} may be an argument too. */
    public void launchNow(
            String kernel, int gridX, int gridY, int threads, int sharedBytes, @Nullable Object... arguments) {
        resources.launch(kernel, gridX, gridY, threads, sharedBytes, arguments);
    }

    /** Waits until everything asked for is done. */
    public void synchronize() {
        context().synchronize();
    }

    /** Closes the device; what is still on it is lost. */
    @Override
    public void close() {
        resources.close();
    }
}
