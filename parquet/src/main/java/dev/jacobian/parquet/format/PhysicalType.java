// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.parquet.format;

/** How values are stored, in the format's order. */
public enum PhysicalType {
    BOOLEAN,
    INT32,
    INT64,
    /** Twelve bytes: a time of day in nanoseconds and a Julian day. */
    INT96,
    FLOAT,
    DOUBLE,
    BYTE_ARRAY,
    FIXED_LEN_BYTE_ARRAY;

    static PhysicalType of(int value) {
        if (value < 0 || value >= values().length) {
            throw new Corrupt("a column's type is " + value + ", which there is not");
        }
        return values()[value];
    }
}
