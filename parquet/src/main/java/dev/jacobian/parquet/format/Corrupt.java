// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.format;

/** A file is not as Parquet asks for, or uses what is not read; file and place are added where they are known. */
public final class Corrupt extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** @param message what is wrong, as a sentence begins in the middle */
    public Corrupt(String message) {
        super(message, null, false, false);
    }
}
