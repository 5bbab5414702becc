// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.engine.CudaArray.View;
import dev.jacobian.tensor.cuda.kernels.Cublas;
import dev.jacobian.tensor.cuda.kernels.KernelModules;
import dev.jacobian.tensor.cuda.kernels.KernelSite;
import dev.jacobian.tensor.cuda.transfer.Readback;
import dev.jacobian.tensor.cuda.transfer.Staging;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What a GPU works with: one stream, the kernels, cuBLAS, the copies and the graphs, once for the engines of all arithmetics.
 *
 * <p>All methods but {@link #open} and {@link #close} are called on the dispatcher's thread only.
 */
final class CudaResources implements AutoCloseable {
    /** A driver that refuses the kernels says so while a device is opened, when its caller can still take another one. */
    private static final String FIRST_TEXT = "copies";

    private static final int STAGING_SLOTS = 4;
    private static final int STAGING_BYTES = 4 << 20;

    /** Small uploads have a longer ring of their own: a slot is free again only when the device has come as far. */
    private static final int SMALL_SLOTS = 128;

    private static final int SMALL_BYTES = 32 << 10;

    private final CudaContext context;
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

    @SuppressWarnings("NullAway.Init") // open() makes the rest before anybody uses it
    CudaResources(CudaContext context) {
        this.context = context;
    }

    /** Makes everything; the first kernels are compiled, the others when they are used. */
    void open() {
        context.dispatcher().run(() -> {
            context.memory().whenShort(this::closeDispensableGraphs);
            stream = new CudaStream(context, "main");
            kernels = new KernelModules(context);
            kernels.load(FIRST_TEXT);
            staging = new Staging(context, STAGING_SLOTS, STAGING_BYTES);
            smallStaging = new Staging(context, SMALL_SLOTS, SMALL_BYTES);
            cublas = new Cublas(stream);
            ints = new UploadedInts(this);
        });
    }

    CudaContext context() {
        return context;
    }

    CudaStream stream() {
        return stream;
    }

    Cublas cublas() {
        return cublas;
    }

    /** Starts copying host memory, which may change when this returns, to a part of a block. */
    void upload(MemorySegment from, DeviceBlock to, long offset) {
        (from.byteSize() <= SMALL_BYTES ? smallStaging : staging).upload(from, to, offset, stream);
    }

    /** Copies a part of a block to host memory and waits for it. */
    void download(DeviceBlock from, long offset, MemorySegment to) {
        staging.download(from, offset, to, stream).await();
    }

    /** Starts copying the beginning of a block to host memory. */
    Readback startDownload(DeviceBlock from, MemorySegment to) {
        return staging.download(from, to, stream);
    }

    /** Memory on the stream. */
    DeviceBlock allocate(long bytes, String what, boolean promised) {
        return context.memory().allocate(bytes, stream, what, promised);
    }

    /** Says what is to be closed before the stream and the memory. */
    void beforeClosing(Runnable close) {
        closings.add(close);
    }

    /** Launches a kernel. */
    void launch(String kernel, int gridX, int gridY, int threads, int sharedBytes, @Nullable Object... arguments) {
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

    /** Runs a task in which integer arrays belong to a graph. */
    void whileCapturing(CudaGraph graph, Runnable task) {
        capturing = graph;
        try {
            task.run();
        } finally {
            capturing = null;
        }
        graphs.add(graph);
    }

    /** Says that a graph is closed. */
    void forget(CudaGraph graph) {
        graphs.remove(graph);
    }

    private boolean closeDispensableGraphs() {
        List<CudaGraph> dispensable =
                graphs.stream().filter(CudaGraph::isDispensable).toList();
        dispensable.forEach(CudaGraph::close);
        return !dispensable.isEmpty();
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
