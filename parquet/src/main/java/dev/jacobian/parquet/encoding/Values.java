// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.encoding;

import dev.jacobian.parquet.format.Corrupt;

/** The values of a page one after another, nulls left out. Which of the methods gives them follows from the type as it is stored. */
public interface Values {
    /** The next value of a type of whole numbers; 0 or 1 for a boolean. */
    default long nextLong() {
        throw new Corrupt("a page's encoding is not one of whole numbers");
    }

    /** The next value of {@code FLOAT} or {@code DOUBLE}. */
    default double nextDouble() {
        throw new Corrupt("a page's encoding is not one of floating-point numbers");
    }

    /** The next value of a type of bytes. */
    default Slice nextBytes() {
        throw new Corrupt("a page's encoding is not one of texts");
    }
}
