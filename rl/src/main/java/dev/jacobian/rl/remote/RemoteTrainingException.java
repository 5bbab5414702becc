// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.remote;

/** A training service refused something, failed, or could not be reached. The message is the service's, or says what was tried. */
public final class RemoteTrainingException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;

    RemoteTrainingException(String message, int status) {
        super(message);
        this.status = status;
    }

    /** The HTTP status of the refusal; 0 where there was no answer, 200 where the work itself failed. */
    public int status() {
        return status;
    }
}
