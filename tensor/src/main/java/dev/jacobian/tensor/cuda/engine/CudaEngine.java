// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

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
import dev.jacobian.tensor.cuda.kernels.KernelModules;
import dev.jacobian.tensor.cuda.kernels.KernelSite;
import dev.jacobian.tensor.cuda.libraries.CudaLibraries;
import dev.jacobian.tensor.cuda.libraries.CudaLoader;
import dev.jacobian.tensor.cuda.transfer.Readback;
import dev.jacobian.tensor.cuda.transfer.Staging;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * A GPU at work: its context, one stream, the kernels, cuBLAS and the copies.
 *
 * <p>Decisions:
 *
 * <ul>
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

    /** A driver that refuses the kernels says so while a device is opened, when its caller can still take another one. */
    private static final String FIRST_TEXT = "copies";

    private static final int STAGING_SLOTS = 4;
    private static final int STAGING_BYTES = 4 << 20;

    /** Small uploads have a longer ring of their own: a slot is free again only when the device has come as far. */
    private static final int SMALL_SLOTS = 128;

    private static final int SMALL_BYTES = 32 << 10;

    private final CudaContext context;
    private final Device device;
    private final int maxBlocks;
    private final ThreadLocal<Places> places = new ThreadLocal<>();

    // Everything below is touched on the dispatcher's thread only.
    private final Map<String, KernelSite> sites = new HashMap<>();
    private final Set<CudaGraph> graphs = new HashSet<>();
    private final List<Runnable> closings = new ArrayList<>();
    private @Nullable CudaGraph capturing; // null while no graph is captured
    private CudaStream stream;
    private KernelModules kernels;
    private Staging staging;
    private Staging smallStaging;
    private Cublas cublas;
    private UploadedInts ints;

    @SuppressWarnings(
            "NullAway.Init") // start() makes the rest on the dispatcher's thread before anybody gets the engine
    private CudaEngine(CudaContext context) {
        this.context = context;
        this.device = new Device(Device.Kind.CUDA, context.device().ordinal());
        this.maxBlocks = BLOCKS_PER_PROCESSOR * Math.max(1, context.device().multiprocessors());
    }

    /**
     * Loads the libraries, opens a device and compiles the first kernels for it; the others are compiled when they are used.
     *
     * @throws CudaException if anything is missing or refuses
     */
    public static CudaEngine open(int ordinal) {
        CudaLibraries libraries = CudaLibraries.find();
        CudaLoader.driver(libraries);
        CudaContext context = CudaContext.open(ordinal);
        CudaEngine engine = new CudaEngine(context);
        try {
            CudaLoader.cublas(libraries);
            context.dispatcher().run(engine::start);
            return engine;
        } catch (RuntimeException | Error refused) {
            try {
                engine.close();
            } catch (RuntimeException alsoRefused) {
                refused.addSuppressed(alsoRefused);
            }
            throw refused;
        }
    }

    private void start() {
        context.memory().whenShort(this::closeDispensableGraphs);
        stream = new CudaStream(context, "main");
        kernels = new KernelModules(context);
        kernels.load(FIRST_TEXT);
        staging = new Staging(context, STAGING_SLOTS, STAGING_BYTES);
        smallStaging = new Staging(context, SMALL_SLOTS, SMALL_BYTES);
        cublas = new Cublas(stream);
        ints = new UploadedInts(this);
    }

    public CudaContext context() {
        return context;
    }

    public Device device() {
        return device;
    }

    public CudaStream stream() {
        return stream;
    }

    /** Starts copying host memory, which may change when this returns, to a part of a block; on the dispatcher's thread. */
    public void upload(MemorySegment from, DeviceBlock to, long offset) {
        (from.byteSize() <= SMALL_BYTES ? smallStaging : staging).upload(from, to, offset, stream);
    }

    /** Copies a part of a block to host memory and waits for it; on the dispatcher's thread. */
    public void download(DeviceBlock from, long offset, MemorySegment to) {
        staging.download(from, offset, to, stream).await();
    }

    /** Starts copying the beginning of a block to host memory; on the dispatcher's thread. */
    public Readback startDownload(DeviceBlock from, MemorySegment to) {
        return staging.download(from, to, stream);
    }

    public Cublas cublas() {
        return cublas;
    }

    /** Says what is to be closed before the engine's own stream and memory; on the dispatcher's thread. */
    public void beforeClosing(Runnable close) {
        closings.add(close);
    }

    /** Runs a task on the dispatcher's thread some time later. */
    public void post(Runnable task) {
        context.dispatcher().post(task);
    }

    /** Runs a task on the dispatcher's thread and waits for it, not for the device. */
    public void run(Runnable task) {
        context.dispatcher().run(task);
    }

    /** Memory on the stream; on the dispatcher's thread. */
    public DeviceBlock allocate(long bytes, String what, boolean promised) {
        return context.memory().allocate(bytes, stream, what, promised);
    }

    private boolean closeDispensableGraphs() {
        List<CudaGraph> dispensable =
                graphs.stream().filter(CudaGraph::isDispensable).toList();
        dispensable.forEach(CudaGraph::close);
        return !dispensable.isEmpty();
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
        capturing = graph;
        try {
            task.run();
        } finally {
            capturing = null;
        }
        graphs.add(graph);
    }

    /** Says that a graph is closed; on the dispatcher's thread. */
    void forget(CudaGraph graph) {
        graphs.remove(graph);
    }

    /** The same on the dispatcher's thread; there a {@link DeviceBlock} may be an argument too. */
    public void launchNow(
            String kernel, int gridX, int gridY, int threads, int sharedBytes, @Nullable Object... arguments) {
        KernelSite site = sites.computeIfAbsent(kernel, kernels::kernel).start();
        for (Object argument : arguments) {
            switch (argument) {
                case View view -> site.add(view.address());
                case Integer number -> site.add(number.intValue());
                case Float number -> site.add(number.floatValue());
                case Long number -> site.add(number.longValue());
                case int[] values -> site.add(capturing == null ? ints.address(values) : capturing.constant(values));
                case DeviceBlock block -> site.add(block.address());
                case null -> site.add(0L);
                default -> throw new IllegalArgumentException("a kernel takes no " + argument.getClass());
            }
        }
        if (sharedBytes > 0) {
            site.allowSharedMemory(sharedBytes);
        }
        site.launch(stream, gridX, gridY, 1, threads, 1, 1, sharedBytes);
    }

    /** Waits until everything asked for is done. */
    public void synchronize() {
        context.synchronize();
    }

    @Override
    public void close() {
        try {
            context.dispatcher().runAlways(() -> {
                List.copyOf(graphs).forEach(CudaGraph::close);
                closings.forEach(Runnable::run);
                if (ints != null) {
                    ints.close();
                }
                if (cublas != null) {
                    cublas.close();
                }
                if (staging != null) {
                    staging.close();
                }
                if (smallStaging != null) {
                    smallStaging.close();
                }
                if (kernels != null) {
                    stream.synchronize();
                    kernels.close();
                }
                if (stream != null) {
                    stream.close();
                }
            });
        } finally {
            context.close();
        }
    }
}
