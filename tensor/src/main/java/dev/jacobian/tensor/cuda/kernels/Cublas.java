// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.kernels;

import static dev.jacobian.tensor.cuda.driver.CudaResult.checkCublas;

import dev.jacobian.tensor.DType;
import dev.jacobian.tensor.cuda.driver.CudaResult;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceBlock;
import dev.jacobian.tensor.cuda.driver.DeviceMemory;
import dev.jacobian.tensor.cuda.driver.RawDevicePointer;
import dev.jacobian.tensor.cuda.driver.RawPointer;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.function.IntSupplier;
import jcuda.cudaDataType;
import jcuda.driver.CUresult;
import jcuda.jcublas.JCublas2;
import jcuda.jcublas.cublasComputeType;
import jcuda.jcublas.cublasGemmAlgo;
import jcuda.jcublas.cublasHandle;
import jcuda.jcublas.cublasOperation;
import jcuda.jcublas.cublasStatus;
import jcuda.runtime.cudaStream_t;

/**
 * cuBLAS on one stream.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A handle per stream, with a workspace of its own: cuBLAS promises the same bits from run to run only then.
 *   <li>Sums are kept in F32 whatever the inputs are, and F32 inputs are rounded to TF32 only where the caller asks for it.
 *   <li>Only JCuda's {@code _new} forms are called. The older ones take another enumeration for the type of the sum; given
 *       this one they do nothing, and say so only in a result that no exception accompanies.
 * </ul>
 *
 * <p>On the dispatcher's thread only.
 */
public final class Cublas implements AutoCloseable {
    /** What NVIDIA recommends for Hopper; older devices need less. */
    private static final long WORKSPACE_BYTES = 32L << 20;

    private final CudaStream stream;
    private final cublasHandle handle = new cublasHandle();
    private final DeviceBlock workspace;
    private final MemorySegment scalars = Arena.ofAuto().allocate(ValueLayout.JAVA_FLOAT, 2);
    private final RawPointer alpha = RawPointer.to(scalars);
    private final RawPointer beta = RawPointer.to(scalars.asSlice(Float.BYTES));
    private boolean closed;

    /** Creates a handle; cuBLAS must be loaded. */
    public Cublas(CudaStream stream) {
        this.stream = stream;
        this.workspace = stream.context().memory().allocate(WORKSPACE_BYTES, stream, "cuBLAS workspace");
        try {
            attempt(() -> JCublas2.cublasCreate(handle), "starting cuBLAS on", stream);
            try {
                // The stream first: setting it puts the workspace back to cuBLAS's own.
                checkCublas(
                        JCublas2.cublasSetStream(handle, new cudaStream_t(stream.handle())), "giving cuBLAS", stream);
                checkCublas(
                        JCublas2.cublasSetWorkspace(handle, new RawDevicePointer(workspace.address()), WORKSPACE_BYTES),
                        "giving cuBLAS",
                        workspace);
            } catch (RuntimeException refused) {
                JCublas2.cublasDestroy(handle);
                throw refused;
            }
        } catch (RuntimeException refused) {
            workspace.close();
            throw refused;
        }
    }

    /** The version of the loaded library, such as 130100. */
    public int version() {
        int[] version = new int[1];
        checkCublas(JCublas2.cublasGetVersion(handle, version), "asking", "cuBLAS's version");
        return version[0];
    }

    /**
     * A matrix with rows one after another, or its transpose.
     *
     * @param address of the first element
     * @param type F32, BF16 or F16
     * @param rowStride elements from one row to the next
     * @param transposed whether the product uses the transpose
     */
    public record Matrix(long address, DType type, int rowStride, boolean transposed) {}

    /**
     * {@code c = scale · a · b + keep · c}.
     *
     * @param m rows of {@code c}
     * @param n columns of {@code c}
     * @param k columns of {@code a} (after a transposition)
     * @param c not transposed
     */
    public void multiply(int m, int n, int k, float scale, Matrix a, Matrix b, float keep, Matrix c) {
        multiply(m, n, k, scale, a, b, keep, c, false);
    }

    /**
     * The same, and F32 inputs may be rounded to TF32.
     *
     * @param tf32 whether tensor cores may see F32 inputs with 10 bits after the first
     */
    public void multiply(int m, int n, int k, float scale, Matrix a, Matrix b, float keep, Matrix c, boolean tf32) {
        scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 0, scale);
        scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 1, keep);
        stream.handle(); // on the right thread, and open
        // cuBLAS counts columns first, so rows-first matrices look transposed to it: cᵀ = bᵀ · aᵀ.
        IntSupplier product = () -> JCublas2.cublasGemmEx_new(
                handle,
                operation(b),
                operation(a),
                n,
                m,
                k,
                alpha,
                new RawDevicePointer(b.address()),
                type(b),
                b.rowStride(),
                new RawDevicePointer(a.address()),
                type(a),
                a.rowStride(),
                beta,
                new RawDevicePointer(c.address()),
                type(c),
                c.rowStride(),
                compute(a, tf32),
                cublasGemmAlgo.CUBLAS_GEMM_DEFAULT);
        attempt(product, "multiplying", m + "×" + k + " by " + k + "×" + n + " of " + a.type() + " on " + stream);
    }

    /**
     * Matrices of one form.
     *
     * @param first the first one
     * @param stride elements from one matrix to the next; 0 for one that all products share
     */
    public record Batch(Matrix first, long stride) {}

    /**
     * {@code c[i] = scale · a[i] · b[i] + keep · c[i]} for each matrix of a batch; see {@link #multiply(int, int, int, float,
     * Matrix, Matrix, float, Matrix, boolean)}.
     *
     * @param batch matrices
     * @param c not transposed, its matrices without common elements
     */
    public void multiplyBatch(
            int batch, int m, int n, int k, float scale, Batch a, Batch b, float keep, Batch c, boolean tf32) {
        scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 0, scale);
        scalars.setAtIndex(ValueLayout.JAVA_FLOAT, 1, keep);
        stream.handle(); // on the right thread, and open
        // Columns first, as above.
        IntSupplier products = () -> JCublas2.cublasGemmStridedBatchedEx_new(
                handle,
                operation(b.first()),
                operation(a.first()),
                n,
                m,
                k,
                alpha,
                new RawDevicePointer(b.first().address()),
                type(b.first()),
                b.first().rowStride(),
                b.stride(),
                new RawDevicePointer(a.first().address()),
                type(a.first()),
                a.first().rowStride(),
                a.stride(),
                beta,
                new RawDevicePointer(c.first().address()),
                type(c.first()),
                c.first().rowStride(),
                c.stride(),
                batch,
                compute(a.first(), tf32),
                cublasGemmAlgo.CUBLAS_GEMM_DEFAULT);
        attempt(
                products,
                "multiplying",
                batch + " times " + m + "×" + k + " by " + k + "×" + n + " of "
                        + a.first().type() + " on " + stream);
    }

    /** Makes a call that may take device memory of its own; if there is too little, once more without the cache. */
    private void attempt(IntSupplier call, String doing, Object subject) {
        DeviceMemory memory = stream.context().memory();
        int status = call.getAsInt();
        if (CudaResult.isTooLittleMemory(status)) {
            status = memory.answerWithRoom(status, call);
        }
        if (status == cublasStatus.CUBLAS_STATUS_ALLOC_FAILED) {
            throw memory.failure(CUresult.CUDA_ERROR_OUT_OF_MEMORY, doing, subject);
        }
        checkCublas(status, doing, subject);
    }

    private static int compute(Matrix a, boolean tf32) {
        return tf32 && a.type() == DType.F32
                ? cublasComputeType.CUBLAS_COMPUTE_32F_FAST_TF32
                : cublasComputeType.CUBLAS_COMPUTE_32F;
    }

    private static int operation(Matrix matrix) {
        return matrix.transposed() ? cublasOperation.CUBLAS_OP_T : cublasOperation.CUBLAS_OP_N;
    }

    private static int type(Matrix matrix) {
        return switch (matrix.type()) {
            case F32 -> cudaDataType.CUDA_R_32F;
            case BF16 -> cudaDataType.CUDA_R_16BF;
            case F16 -> cudaDataType.CUDA_R_16F;
            case I8, I32, I64 ->
                throw new IllegalArgumentException("no matrix product of " + matrix.type() + "; use F32, BF16 or F16");
        };
    }

    @Override
    public void close() {
        stream.handle();
        if (!closed) {
            closed = true;
            workspace.close();
            checkCublas(JCublas2.cublasDestroy(handle), "closing", "cuBLAS");
        }
    }
}
