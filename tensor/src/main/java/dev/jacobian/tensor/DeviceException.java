// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

/** A device cannot be used, or failed. The message says what was done, what went wrong, and what to do. */
public class DeviceException extends RuntimeException {
    protected DeviceException(String message, Throwable cause) {
        super(message, cause);
    }
}
