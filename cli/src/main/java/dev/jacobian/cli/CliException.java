// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

/** A failure that a command found by itself; the message is all that the user needs to know. */
final class CliException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    CliException(String message) {
        super(message);
    }

    CliException(String message, Throwable cause) {
        super(message, cause);
    }
}
