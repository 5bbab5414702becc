// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.transfer;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;

import dev.jacobian.tensor.cuda.driver.Bytes;
import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.RawDevicePointer;
import dev.jacobian.tensor.cuda.driver.RawPointer;
import java.lang.foreign.MemorySegment;
import jcuda.Pointer;
import jcuda.driver.CUresult;
import jcuda.driver.JCudaDriver;

/**
 * Host memory that the device can reach by itself, so that copies run beside the program. On the dispatcher's thread only,
 * and not to be touched while a copy of it is under way.
 */
public final class PinnedBuffer implements AutoCloseable {
    private final CudaContext context;
    private final Pointer handle = new Pointer();
    private final MemorySegment memory;
    private boolean closed;

    /**
     * Allocates.
     *
     * @param bytes less than 2 GiB
     */
    public PinnedBuffer(CudaContext context, int bytes) {
        context.dispatcher().requireCurrent();
        this.context = context;
        int code = context.memory().answer(() -> JCudaDriver.cuMemAllocHost(handle, bytes));
        if (code == CUresult.CUDA_ERROR_OUT_OF_MEMORY) {
            throw new CudaException(
                    code,
                    "copies need " + Bytes.text(bytes)
                            + " of pinned host memory, which the system does not give; end other"
                            + " processes, or raise the memory limit of the container",
                    null);
        }
        check(code, "pinning host memory:", Bytes.text(bytes));
        memory = MemorySegment.ofBuffer(handle.getByteBuffer(0, bytes));
    }

    /** The memory, for reading and writing. */
    public MemorySegment memory() {
        context.dispatcher().requireCurrent();
        if (closed) {
            throw new IllegalStateException("the pinned buffer is closed");
        }
        return memory;
    }

    /** Starts copying its first bytes to the device. */
    public void copyToDevice(long address, long bytes, CudaStream stream) {
        check(
                JCudaDriver.cuMemcpyHtoDAsync(new RawDevicePointer(address), pointer(bytes), bytes, stream.handle()),
                "copying " + bytes + " bytes to the device on",
                stream);
    }

    /** Starts copying from the device into its first bytes. */
    public void copyFromDevice(long address, long bytes, CudaStream stream) {
        check(
                JCudaDriver.cuMemcpyDtoHAsync(pointer(bytes), new RawDevicePointer(address), bytes, stream.handle()),
                "copying " + bytes + " bytes from the device on",
                stream);
    }

    private RawPointer pointer(long bytes) {
        return RawPointer.to(memory().asSlice(0, bytes));
    }

    @Override
    public void close() {
        context.dispatcher().requireCurrent();
        if (!closed) {
            closed = true;
            check(JCudaDriver.cuMemFreeHost(handle), "freeing", "pinned host memory");
        }
    }
}
