// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;

import jcuda.driver.CUevent;
import jcuda.driver.CUevent_flags;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * A mark in a stream: work before it can be waited for, from the host or from another stream.
 *
 * <p>Marks that only order work are cheaper than those that also tell the time, so there are both. On the dispatcher's
 * thread only.
 */
public final class CudaEvent implements AutoCloseable {
    private final CudaContext context;
    private final CUevent handle = new CUevent();
    private boolean closed;

    private CudaEvent(CudaContext context, int flags) {
        context.dispatcher().requireCurrent();
        this.context = context;
        context.memory().attempt(() -> JCudaDriver.cuEventCreate(handle, flags), "creating", "an event");
    }

    /** An event that orders work. */
    public static CudaEvent ordering(CudaContext context) {
        return new CudaEvent(context, CUevent_flags.CU_EVENT_DISABLE_TIMING | CUevent_flags.CU_EVENT_BLOCKING_SYNC);
    }

    /** An event that also knows when it was reached. */
    static CudaEvent timing(CudaContext context) {
        return new CudaEvent(context, CUevent_flags.CU_EVENT_BLOCKING_SYNC);
    }

    CUevent handle() {
        context.dispatcher().requireCurrent();
        if (closed) {
            throw new IllegalStateException("the event is closed");
        }
        return handle;
    }

    /** Marks the present end of a stream; an earlier mark is forgotten. */
    public void record(CudaStream stream) {
        check(JCudaDriver.cuEventRecord(handle(), stream.handle()), "marking", stream);
    }

    /** Waits until the mark is reached; at once if nothing was marked. */
    public void synchronize() {
        check(JCudaDriver.cuEventSynchronize(handle()), "waiting for", "an event");
    }

    /** Whether the mark is reached. */
    boolean isReached() {
        int code = JCudaDriver.cuEventQuery(handle());
        if (code == CUresult.CUDA_ERROR_NOT_READY) {
            return false;
        }
        check(code, "asking", "an event");
        return true;
    }

    /** Milliseconds on the device from an earlier mark to this one; both {@linkplain #timing timing} and reached. */
    float millisecondsSince(CudaEvent earlier) {
        float[] milliseconds = new float[1];
        check(
                JCudaDriver.cuEventElapsedTime(milliseconds, earlier.handle(), handle()),
                "reading the time between",
                "two events");
        return milliseconds[0];
    }

    @Override
    public void close() {
        context.dispatcher().requireCurrent();
        if (!closed) {
            closed = true;
            check(JCudaDriver.cuEventDestroy(handle), "closing", "an event");
        }
    }
}
