// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** A device cannot be used, or failed. The message says what was done, what went wrong, and what to do. */
public class DeviceException extends RuntimeException {
    protected DeviceException(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    /** Whether the device had too little memory: it works on, and less work would fit. */
    public boolean isOutOfMemory() {
        return false;
    }
}
