// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.driver.RawPointer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import jcuda.driver.CUfunction;
import jcuda.driver.CUfunction_attribute;
import jcuda.driver.CUstream;
import jcuda.driver.JCudaDriver;

/**
 * A place in the program that launches a kernel, with memory of its own for the arguments.
 *
 * <p>The arguments stand in one block outside the heap, with the array of their addresses that the driver wants behind them,
 * made once: a launch writes what changed and passes one address. The driver copies the arguments during the call, so the
 * block is free again at once. An argument keeps its value until it is set anew; a launch before all were set is an error,
 * and so is a value as wide as the parameter is not.
 *
 * <p>On the dispatcher's thread only.
 */
public final class KernelSite {
    private static final int SLOT = 8;
    private static final int MAX_PARAMETERS = 64; // the bits of a long

    private final CudaContext context;
    private final String name;
    private final CUfunction function;
    private final int[] sizes;
    private final MemorySegment values; // a slot of 8 bytes for each parameter, then the addresses of the slots
    private final RawPointer addresses;
    private final long all;
    private long set; // one bit for each argument that has a value
    private int allowedShared; // that was asked for
    private int next; // where the next argument of a list goes

    KernelSite(CudaContext context, String name, CUfunction function, List<Integer> sizes) {
        if (sizes.size() >= MAX_PARAMETERS || sizes.stream().anyMatch(size -> size > SLOT)) {
            throw new CudaException("kernel " + name + " has parameters of " + sizes
                    + " bytes; fewer than 64 of at most 8 are supported");
        }
        this.context = context;
        this.name = name;
        this.function = function;
        this.sizes = sizes.stream().mapToInt(Integer::intValue).toArray();
        this.all = (1L << sizes.size()) - 1;
        int count = sizes.size();
        this.values = Arena.ofAuto().allocate(2L * SLOT * Math.max(1, count), SLOT);
        for (int i = 0; i < count; i++) {
            values.set(ADDRESS, (long) SLOT * (count + i), values.asSlice((long) SLOT * i, SLOT));
        }
        this.addresses = RawPointer.to(values.asSlice((long) SLOT * count));
    }

    /** Sets a pointer. */
    public KernelSite set(int index, DeviceBlock block) {
        return set(index, block.address());
    }

    /** Sets a 64-bit argument: an integer or a device address. */
    public KernelSite set(int index, long value) {
        mark(index, Long.BYTES);
        values.set(JAVA_LONG, (long) SLOT * index, value);
        return this;
    }

    /** Sets a 32-bit integer argument. */
    public KernelSite set(int index, int value) {
        mark(index, Integer.BYTES);
        values.set(JAVA_INT, (long) SLOT * index, value);
        return this;
    }

    /** Sets a 32-bit floating-point argument. */
    public KernelSite set(int index, float value) {
        mark(index, Float.BYTES);
        values.set(JAVA_FLOAT, (long) SLOT * index, value);
        return this;
    }

    /** Begins a list of arguments: those added go to the parameters in order. */
    public KernelSite start() {
        next = 0;
        set = 0;
        return this;
    }

    /** Adds a 64-bit argument: an integer or a device address. */
    public KernelSite add(long value) {
        return set(next++, value);
    }

    /** Adds a 32-bit integer argument. */
    public KernelSite add(int value) {
        return set(next++, value);
    }

    /** Adds a 32-bit floating-point argument. */
    public KernelSite add(float value) {
        return set(next++, value);
    }

    private void mark(int index, int bytes) {
        if (index < 0 || index >= sizes.length) {
            throw new IllegalArgumentException(
                    "kernel " + name + " has no parameter " + index + "; it has " + sizes.length);
        }
        if (sizes[index] != bytes) {
            throw new IllegalArgumentException("kernel " + name + ": parameter " + index + " has " + sizes[index]
                    + " bytes, the argument " + bytes);
        }
        set |= 1L << index;
    }

    /**
     * Lets launches use so much dynamic shared memory. Without asking a block gets 48 KiB, of which the kernel's static shared
     * memory goes off.
     *
     * @throws CudaException if the device has less
     */
    public void allowSharedMemory(int bytes) {
        context.dispatcher().requireCurrent();
        if (bytes <= allowedShared) {
            return;
        }
        check(
                JCudaDriver.cuFuncSetAttribute(
                        function, CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, bytes),
                "allowing " + bytes + " bytes of shared memory to",
                name);
        allowedShared = bytes;
    }

    /** Launches a line of blocks. */
    public void launch(CudaStream stream, int blocks, int threads) {
        launch(stream, blocks, 1, 1, threads, 1, 1, 0);
    }

    /**
     * Launches; the kernel runs some time later on the stream.
     *
     * @param sharedBytes dynamic shared memory of each block
     * @throws CudaException if the driver refuses; a failure while the kernel runs is thrown by a later wait
     */
    public void launch(
            CudaStream stream, int gridX, int gridY, int gridZ, int blockX, int blockY, int blockZ, int sharedBytes) {
        if (set != all) {
            throw new IllegalStateException("kernel " + name + ": argument " + Long.numberOfTrailingZeros(~set) + " of "
                    + sizes.length + " has no value yet");
        }
        CUstream on = stream.handle();
        // A kernel's code and the registers that it spills lie in device memory, which a first launch may ask for.
        int code = context.memory()
                .answer(() -> JCudaDriver.cuLaunchKernel(
                        function, gridX, gridY, gridZ, blockX, blockY, blockZ, sharedBytes, on, addresses, null));
        if (code != 0) {
            throw context.memory()
                    .failure(
                            code,
                            "launching",
                            name + " with grid " + gridX + "×" + gridY + "×" + gridZ + ", block " + blockX + "×"
                                    + blockY + "×" + blockZ + ", " + sharedBytes + " bytes of shared memory on "
                                    + stream);
        }
    }

    @Override
    public String toString() {
        return "kernel " + name;
    }
}
