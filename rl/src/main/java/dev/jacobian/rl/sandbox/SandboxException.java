// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

/** The sandbox could not do its work. It says nothing about the program that was to run. */
public final class SandboxException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public SandboxException(String message) {
        super(message);
    }

    public SandboxException(String message, Throwable cause) {
        super(message, cause);
    }
}
