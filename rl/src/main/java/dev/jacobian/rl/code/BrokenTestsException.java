// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.code;

/** A problem's tests cannot judge any program. It says nothing about the program that they were to judge. */
final class BrokenTestsException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BrokenTestsException(String message) {
        super(message);
    }
}
