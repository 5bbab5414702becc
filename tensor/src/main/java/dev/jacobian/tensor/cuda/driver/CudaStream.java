// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;

import jcuda.driver.CUresult;
import jcuda.driver.CUstream;
import jcuda.driver.CUstream_flags;
import jcuda.driver.JCudaDriver;

/**
 * A queue of device work that runs in order, apart from other queues.
 *
 * <p>Never the default stream and never synchronous with it: two streams are ordered by events only, so nothing waits that
 * nobody asked to. Everything here belongs on the dispatcher's thread.
 */
public final class CudaStream implements AutoCloseable {
    private final CudaContext context;
    private final String name;
    private final CUstream handle = new CUstream();
    private boolean closed;

    /**
     * Creates a stream.
     *
     * @param name for messages
     */
    public CudaStream(CudaContext context, String name) {
        context.dispatcher().requireCurrent();
        this.context = context;
        this.name = name;
        context.memory()
                .attempt(
                        () -> JCudaDriver.cuStreamCreate(handle, CUstream_flags.CU_STREAM_NON_BLOCKING),
                        "creating",
                        this);
    }

    public CudaContext context() {
        return context;
    }

    /** The driver's handle, for a call on the dispatcher's thread. */
    public CUstream handle() {
        context.dispatcher().requireCurrent();
        if (closed) {
            throw new IllegalStateException(this + " is closed");
        }
        return handle;
    }

    /** Whether {@link #close} was called; all its work is done then. */
    boolean isClosed() {
        context.dispatcher().requireCurrent();
        return closed;
    }

    /** Waits until all work given to this stream is done. */
    public void synchronize() {
        check(JCudaDriver.cuStreamSynchronize(handle()), "waiting for", this);
    }

    /** Whether all work given to this stream is done. */
    boolean isIdle() {
        int code = JCudaDriver.cuStreamQuery(handle());
        if (code == CUresult.CUDA_ERROR_NOT_READY) {
            return false;
        }
        check(code, "asking", this);
        return true;
    }

    /** Makes work given to this stream from now on wait for what the event marks. */
    public void await(CudaEvent event) {
        check(JCudaDriver.cuStreamWaitEvent(handle(), event.handle(), 0), "making wait", this);
    }

    /** Copies within the device; the ranges do not overlap. */
    public void copy(long from, long to, long bytes) {
        check(
                JCudaDriver.cuMemcpyDtoDAsync(new RawDevicePointer(to), new RawDevicePointer(from), bytes, handle()),
                "copying within the device on",
                this);
    }

    /** Sets every byte of a device range to zero. */
    public void clear(long address, long bytes) {
        check(
                JCudaDriver.cuMemsetD8Async(new RawDevicePointer(address), (byte) 0, bytes, handle()),
                "clearing memory on",
                this);
    }

    /** Waits for the work, gives back the memory cached for this stream, and ends it. */
    @Override
    public void close() {
        context.dispatcher().requireCurrent();
        if (closed) {
            return;
        }
        try {
            synchronize();
            context.memory().forget(this);
        } finally {
            closed = true;
            check(JCudaDriver.cuStreamDestroy(handle), "closing", this);
        }
    }

    @Override
    public String toString() {
        return "stream " + name;
    }
}
