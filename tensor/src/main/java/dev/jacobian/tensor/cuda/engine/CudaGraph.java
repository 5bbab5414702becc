// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.engine;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;

import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.driver.DeviceMemory;
import dev.jacobian.tensor.cuda.driver.GraphMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import jcuda.driver.CUgraph;
import jcuda.driver.CUgraphExec;
import jcuda.driver.CUstreamCaptureMode;
import jcuda.driver.JCudaDriver;

/**
 * Work on the engine's stream that was captured once and is launched again with one call.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Every launch has the arguments and addresses of the capture; what shall change from launch to launch lies in memory
 *       that is filled before.
 *   <li>All memory that was allocated during the capture stays the graph's ({@link GraphMemory}).
 *   <li>An integer array that is a kernel's argument is copied to the device once, after the capture: it is the same at every
 *       launch. A captured upload would read the staging buffer again at each launch, whatever is there by then.
 *   <li>The capture is relaxed: this thread may allocate meanwhile, and other threads are not disturbed.
 * </ul>
 *
 * <p>On the dispatcher's thread only.
 */
public final class CudaGraph implements AutoCloseable {
    private final CudaEngine engine;
    private final boolean dispensable;
    private final GraphMemory memory;
    private final List<Constant> constants = new ArrayList<>();
    private final CUgraphExec executable = new CUgraphExec();
    private boolean instantiated;
    private boolean launching;
    private boolean closed;

    private record Constant(int[] values, DeviceBlock block) {}

    private CudaGraph(CudaEngine engine, boolean dispensable) {
        this.engine = engine;
        this.dispensable = dispensable;
        this.memory = engine.context().memory().beginGraph(engine.stream());
    }

    /**
     * Captures what a task asks of the engine's stream; none of it runs before {@link #launch}.
     *
     * @throws CudaException if the driver refuses to capture any of it; all memory is given back then
     */
    public static CudaGraph capture(CudaEngine engine, Runnable work) {
        return capture(engine, work, false);
    }

    /**
     * The same.
     *
     * @param dispensable whether the engine may close it where memory is short; whoever launches it asks {@link #isClosed}
     */
    public static CudaGraph capture(CudaEngine engine, Runnable work, boolean dispensable) {
        CudaGraph graph = new CudaGraph(engine, dispensable);
        boolean whole = false;
        try {
            try {
                engine.whileCapturing(graph, () -> graph.instantiate(work));
            } finally {
                engine.context().memory().endGraph();
            }
            for (Constant constant : graph.constants) {
                engine.upload(MemorySegment.ofArray(constant.values), constant.block, 0);
            }
            whole = true;
            return graph;
        } finally {
            if (!whole) {
                graph.close();
            }
        }
    }

    private void instantiate(Runnable work) {
        CudaStream stream = engine.stream();
        check(
                JCudaDriver.cuStreamBeginCapture(stream.handle(), CUstreamCaptureMode.CU_STREAM_CAPTURE_MODE_RELAXED),
                "beginning to capture",
                stream);
        CUgraph graph = new CUgraph();
        try {
            work.run();
        } catch (RuntimeException | Error refused) {
            // The stream is to work again; what it says about the broken capture is known already.
            if (JCudaDriver.cuStreamEndCapture(stream.handle(), graph) == 0) {
                JCudaDriver.cuGraphDestroy(graph);
            }
            throw refused;
        }
        check(JCudaDriver.cuStreamEndCapture(stream.handle(), graph), "capturing", stream);
        DeviceMemory device = engine.context().memory();
        int code = device.answer(() -> JCudaDriver.cuGraphInstantiate(executable, graph, 0L));
        int destroyed = JCudaDriver.cuGraphDestroy(graph); // the executable has all it needs
        instantiated = code == 0;
        if (code != 0) {
            throw device.failure(code, "instantiating a graph of", stream);
        }
        check(destroyed, "closing a graph of", stream);
    }

    /** The address of an integer array that is a kernel's argument during the capture. */
    long constant(int[] values) {
        for (Constant constant : constants) {
            if (Arrays.equals(constant.values, values)) {
                return constant.block.address();
            }
        }
        // Uploaded before the first launch: a block that earlier kernels of the capture write to would not keep it.
        DeviceBlock block = engine.context()
                .memory()
                .allocateApart(
                        Math.max(1, (long) Integer.BYTES * values.length), engine.stream(), "a graph's integers");
        constants.add(new Constant(values, block));
        return block.address();
    }

    /** Whether the engine may close it now. */
    boolean isDispensable() {
        return dispensable && !launching;
    }

    public boolean isClosed() {
        return closed;
    }

    /** Runs all of it some time later on the stream. */
    public void launch() {
        if (closed) {
            throw new IllegalStateException("a closed graph is launched");
        }
        CudaStream stream = engine.stream();
        launching = true;
        try {
            engine.context()
                    .memory()
                    .attempt(
                            () -> JCudaDriver.cuGraphLaunch(executable, stream.handle()),
                            "launching a graph on",
                            stream);
        } finally {
            launching = false;
        }
    }

    /** Gives the memory back; launches under way end before anybody else gets it. */
    @Override
    public void close() {
        engine.context().dispatcher().requireCurrent();
        if (closed) {
            return;
        }
        closed = true;
        engine.forget(this);
        constants.forEach(constant -> constant.block.close());
        try {
            if (instantiated) {
                check(JCudaDriver.cuGraphExecDestroy(executable), "closing", "a graph");
            }
        } finally {
            memory.close();
        }
    }
}
