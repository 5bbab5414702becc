// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;

import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import jcuda.Pointer;
import jcuda.driver.CUfunction;
import jcuda.driver.CUjit_option;
import jcuda.driver.CUmodule;
import jcuda.driver.JCudaDriver;
import jcuda.driver.JITOptions;

/**
 * Kernels, compiled by the driver from PTX text for the device at hand.
 *
 * <p>Text rather than machine code, because one text serves every device from its version on, and the driver keeps what it
 * compiled. When it refuses, the exception holds its compiler's log. On the dispatcher's thread only.
 */
public final class CudaModule implements AutoCloseable {
    private static final int LOG_BYTES = 16 << 10;

    private final CudaContext context;
    private final String name;
    private final CUmodule handle = new CUmodule();
    private final Map<String, List<Integer>> entries;
    private boolean closed;

    /**
     * Compiles and loads.
     *
     * @param name of the text, for messages
     * @throws CudaException if the driver's compiler refuses the text
     */
    public CudaModule(CudaContext context, String name, String ptx) {
        context.dispatcher().requireCurrent();
        this.context = context;
        this.name = name;
        this.entries = PtxEntries.of(ptx);
        JITOptions options = new JITOptions();
        options.putInt(CUjit_option.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES, LOG_BYTES);
        options.putBytes(CUjit_option.CU_JIT_ERROR_LOG_BUFFER, new byte[LOG_BYTES]);
        byte[] text = (ptx + '\0').getBytes(StandardCharsets.UTF_8);
        int code = context.memory().answer(() -> JCudaDriver.cuModuleLoadDataJIT(handle, Pointer.to(text), options));
        if (code != 0) {
            String log = options.getString(CUjit_option.CU_JIT_ERROR_LOG_BUFFER);
            CudaException failure = context.memory().failure(code, "compiling", name + " for " + context.device());
            throw new CudaException(
                    code,
                    failure.getMessage()
                            + (log == null || log.isBlank() ? "" : "\nThe driver's compiler says: " + log.strip()),
                    null);
        }
    }

    /**
     * A launch site for a kernel; make one for each place in the program that launches it.
     *
     * @throws CudaException if the module has no such kernel
     */
    public KernelSite kernel(String kernel) {
        context.dispatcher().requireCurrent();
        List<Integer> sizes = entries.get(kernel);
        if (sizes == null) {
            throw new CudaException(name + " has no kernel " + kernel + "; it has " + entries.keySet());
        }
        CUfunction function = new CUfunction();
        context.memory()
                .attempt(
                        () -> JCudaDriver.cuModuleGetFunction(function, handle, kernel),
                        "looking up",
                        kernel + " in " + name);
        return new KernelSite(context, kernel, function, sizes);
    }

    /** Unloads; no launch may be under way. */
    @Override
    public void close() {
        context.dispatcher().requireCurrent();
        if (!closed) {
            closed = true;
            check(JCudaDriver.cuModuleUnload(handle), "unloading", name);
        }
    }
}
