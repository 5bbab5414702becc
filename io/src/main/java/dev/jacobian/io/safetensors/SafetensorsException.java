// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.safetensors;

import dev.jacobian.io.FormatException;

/** A safetensors file, or the index of a sharded checkpoint, is broken. */
public final class SafetensorsException extends FormatException {
    private static final long serialVersionUID = 1L;

    /** See {@link FormatException#FormatException(String, String, String)}. */
    public SafetensorsException(String where, String what, String fix) {
        super(where, what, fix);
    }

    /** See {@link FormatException#FormatException(String, String, String, Throwable)}. */
    public SafetensorsException(String where, String what, String fix, Throwable cause) {
        super(where, what, fix, cause);
    }
}
