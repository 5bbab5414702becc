// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import jcuda.driver.CUresult;
import jcuda.jcublas.cublasStatus;

/**
 * Turns the driver's and cuBLAS's answers into exceptions that say what to do.
 *
 * <p>JCuda's own exceptions stay off: they hold the name of the code only, and some of its calls return a failure without
 * throwing. So each call's result is checked, here.
 */
public final class CudaResult {
    private CudaResult() {}

    /**
     * Throws unless the driver succeeded.
     *
     * @param code a {@code CUresult}
     * @param doing what was attempted, such as {@code launching}
     * @param subject what it was attempted with; its text is made only for a failure
     */
    public static void check(int code, String doing, Object subject) {
        if (code != CUresult.CUDA_SUCCESS) {
            throw failure(code, doing, subject);
        }
    }

    /** Throws unless cuBLAS succeeded. */
    public static void checkCublas(int status, String doing, Object subject) {
        if (status != cublasStatus.CUBLAS_STATUS_SUCCESS) {
            throw new CudaException(
                    doing + " " + subject + " failed: " + cublasStatus.stringFor(status) + cublasRemedy(status));
        }
    }

    /** Whether a status of cuBLAS may mean that device memory is short; a handle that cannot be made often does. */
    public static boolean isTooLittleMemory(int status) {
        return status == cublasStatus.CUBLAS_STATUS_ALLOC_FAILED
                || status == cublasStatus.CUBLAS_STATUS_NOT_INITIALIZED;
    }

    /** The exception for a failure. */
    public static CudaException failure(int code, String doing, Object subject) {
        return new CudaException(
                code, doing + " " + subject + " failed: " + CUresult.stringFor(code) + "; " + remedy(code), null);
    }

    private static String remedy(int code) {
        return switch (code) {
            case CUresult.CUDA_ERROR_NO_DEVICE ->
                "the driver sees no GPU: run nvidia-smi, look at CUDA_VISIBLE_DEVICES, start a container with --gpus"
                        + " all, or use --device cpu";
            case CUresult.CUDA_ERROR_INVALID_DEVICE -> "no such device: run nvidia-smi -L for those there are";
            case CUresult.CUDA_ERROR_DEVICE_UNAVAILABLE ->
                "another process holds the device alone (nvidia-smi lists processes, nvidia-smi -q -d COMPUTE shows the"
                        + " mode): wait, take another, or use --device cpu";
            case CUresult.CUDA_ERROR_OUT_OF_MEMORY ->
                "use a smaller batch or model, or end other processes on the device (nvidia-smi lists them)";
            case CUresult.CUDA_ERROR_STUB_LIBRARY ->
                "this libcuda.so.1 is a toolkit's stub: take the folder 'stubs' out of LD_LIBRARY_PATH";
            case CUresult.CUDA_ERROR_SYSTEM_DRIVER_MISMATCH ->
                "kernel module and libcuda.so.1 are of different versions: reboot after the update";
            case CUresult.CUDA_ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE ->
                "this GPU does not support the compatibility package cuda-compat: remove it from LD_LIBRARY_PATH";
            case CUresult.CUDA_ERROR_SYSTEM_NOT_READY ->
                "start the fabric manager: systemctl start nvidia-fabricmanager";
            case CUresult.CUDA_ERROR_INVALID_PTX, CUresult.CUDA_ERROR_NO_BINARY_FOR_GPU ->
                "the kernels are damaged, or need another GPU: compute capability 8.0 (Ampere) or later is the least";
            case CUresult.CUDA_ERROR_UNSUPPORTED_PTX_VERSION, CUresult.CUDA_ERROR_JIT_COMPILER_NOT_FOUND ->
                "update the driver (525 or later)";
            case CUresult.CUDA_ERROR_ECC_UNCORRECTABLE ->
                "the device's memory has lost data (nvidia-smi -q -d ECC): reset or replace it, and resume from the"
                        + " last checkpoint there or elsewhere";
            case CUresult.CUDA_ERROR_UNKNOWN ->
                "the driver or the device does not answer: dmesg says why (after standby, unload and load nvidia_uvm;"
                        + " otherwise reboot)";
            case CUresult.CUDA_ERROR_INVALID_CONTEXT ->
                "no context on this thread: device calls belong on the device's dispatcher";
            case CUresult.CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES ->
                "the block is too large for this kernel: use fewer threads";
            case CUresult.CUDA_ERROR_NOT_FOUND ->
                "the name is not in the module: are the kernels older than the program?";
            case CUresult.CUDA_ERROR_NOT_SUPPORTED -> "this driver or device does not offer it";
            default ->
                isSticky(code)
                        ? "the device's context is lost: start again; training runs continue from their last checkpoint"
                        : "run again with CUDA_LAUNCH_BLOCKING=1 to see the call that caused it";
        };
    }

    /** Whether the driver will answer everything from now on with this failure. */
    static boolean isSticky(int code) {
        return switch (code) {
            case CUresult.CUDA_ERROR_ECC_UNCORRECTABLE,
                    CUresult.CUDA_ERROR_NVLINK_UNCORRECTABLE,
                    CUresult.CUDA_ERROR_ILLEGAL_ADDRESS,
                    CUresult.CUDA_ERROR_LAUNCH_TIMEOUT,
                    CUresult.CUDA_ERROR_CONTEXT_IS_DESTROYED,
                    CUresult.CUDA_ERROR_ASSERT,
                    CUresult.CUDA_ERROR_HARDWARE_STACK_ERROR,
                    CUresult.CUDA_ERROR_ILLEGAL_INSTRUCTION,
                    CUresult.CUDA_ERROR_MISALIGNED_ADDRESS,
                    CUresult.CUDA_ERROR_INVALID_ADDRESS_SPACE,
                    CUresult.CUDA_ERROR_INVALID_PC,
                    CUresult.CUDA_ERROR_LAUNCH_FAILED -> true;
            default -> false;
        };
    }

    private static String cublasRemedy(int status) {
        return switch (status) {
            case cublasStatus.CUBLAS_STATUS_NOT_INITIALIZED, cublasStatus.CUBLAS_STATUS_ALLOC_FAILED ->
                "; cuBLAS found too little free device memory, or does not fit the driver: nvidia-smi shows both";
            case cublasStatus.CUBLAS_STATUS_ARCH_MISMATCH, cublasStatus.CUBLAS_STATUS_NOT_SUPPORTED ->
                "; this device or cuBLAS does not offer the combination of types";
            default -> "; a mistake in this program or a lost device: the log of the kernel module (dmesg) tells which";
        };
    }
}
