// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.driver;

import dev.jacobian.tensor.DeviceException;
import dev.jacobian.tensor.Nullable;
import jcuda.driver.CUresult;

/** A GPU cannot be used, or refused something. */
public final class CudaException extends DeviceException {
    /** The code for failures that are not the driver's answer. */
    static final int NO_CODE = -1;

    private final int code;

    public CudaException(String message) {
        this(NO_CODE, message, null);
    }

    public CudaException(String message, Throwable cause) {
        this(NO_CODE, message, cause);
    }

    public CudaException(int code, String message, @Nullable Throwable cause) {
        super(message, cause);
        this.code = code;
    }

    @Override
    public boolean isOutOfMemory() {
        return code == CUresult.CUDA_ERROR_OUT_OF_MEMORY;
    }

    /** The driver's {@code CUresult}; -1 if the failure is not the driver's answer. */
    public int code() {
        return code;
    }
}
