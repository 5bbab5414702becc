// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;

import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.atomic.AtomicBoolean;
import jcuda.driver.CUcontext;
import jcuda.driver.CUctx_flags;
import jcuda.driver.CUdevice;
import jcuda.driver.JCudaDriver;

/**
 * A device in use: its dispatcher thread, its context, its memory.
 *
 * <p>The context is the device's primary one, shared with whatever else in the process uses the device; cuBLAS needs no
 * telling. While the host waits, its thread spins, which saves some 20 µs at every token that is read back; on a machine with
 * few cores it sleeps, because the others have work there. Everything that belongs to a context is closed before it; what is
 * not is counted, named in a warning, and freed.
 */
public final class CudaContext implements AutoCloseable {
    private static final Logger LOG = System.getLogger("dev.jacobian.tensor.cuda");

    private static final int CORES_TO_SPIN = 4;

    private final CudaDevice device;
    private final CUdevice handle;
    private final Dispatcher dispatcher;
    private final DeviceMemory memory;
    private final AtomicBoolean closed = new AtomicBoolean();

    private CudaContext(CudaDevice device, CUdevice handle, Dispatcher dispatcher, DeviceMemory.Reuse reuse) {
        this.device = device;
        this.handle = handle;
        this.dispatcher = dispatcher;
        this.memory = new DeviceMemory(dispatcher, device, reuse);
    }

    /**
     * Opens a device; the driver must be loaded.
     *
     * @throws CudaException if there is no such device, or another process holds it alone
     */
    public static CudaContext open(int ordinal) {
        return open(ordinal, DeviceMemory.Reuse.fromProperty());
    }

    public static CudaContext open(int ordinal, DeviceMemory.Reuse reuse) {
        CudaDevice device = CudaDevice.of(ordinal);
        CUdevice handle = device.handle();
        Dispatcher dispatcher = new Dispatcher("jacobian-cuda-" + ordinal);
        try {
            dispatcher.run(() -> makeCurrent(device, handle));
        } catch (RuntimeException | Error refused) {
            dispatcher.close();
            throw refused;
        }
        return new CudaContext(device, handle, dispatcher, reuse);
    }

    private static void makeCurrent(CudaDevice device, CUdevice handle) {
        // Refused when the context is active already with other flags: then it works as it is.
        int unused = JCudaDriver.cuDevicePrimaryCtxSetFlags(
                handle,
                Runtime.getRuntime().availableProcessors() < CORES_TO_SPIN
                        ? CUctx_flags.CU_CTX_SCHED_BLOCKING_SYNC
                        : CUctx_flags.CU_CTX_SCHED_SPIN);
        CUcontext context = new CUcontext();
        check(JCudaDriver.cuDevicePrimaryCtxRetain(context, handle), "opening", device);
        int code = JCudaDriver.cuCtxSetCurrent(context);
        if (code != 0) {
            JCudaDriver.cuDevicePrimaryCtxRelease(handle);
            throw CudaResult.failure(code, "entering the context of", device);
        }
    }

    public CudaDevice device() {
        return device;
    }

    /** The only thread on which device calls are allowed. */
    public Dispatcher dispatcher() {
        return dispatcher;
    }

    public DeviceMemory memory() {
        return memory;
    }

    /** Waits until the device has done everything that it was given; throws what went wrong with any of it. */
    public void synchronize() {
        dispatcher.run(() -> check(JCudaDriver.cuCtxSynchronize(), "waiting for", device));
    }

    /** Frees the device's memory and ends the dispatcher's thread. */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        try {
            dispatcher.runAlways(this::release);
        } finally {
            dispatcher.close();
        }
    }

    private void release() {
        try {
            MemoryAccount left = memory.account();
            if (left.blocks() > 0) {
                LOG.log(Level.DEBUG, "{0} closed; {1}; left open: {2}", device, left, memory.openBlocks());
            }
            memory.close();
        } finally {
            // Also when freeing failed: a lost context is still to be let go.
            check(JCudaDriver.cuDevicePrimaryCtxRelease(handle), "closing", device);
        }
    }
}
