// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

/**
 * Objects of a kind as bytes and back. What is read equals what was written, bit for bit: a run must not notice whether its data fit into
 * memory.
 */
public interface RecordCodec<T> {
    /** Writes one. */
    void write(T value, RecordWriter out);

    /** Reads what {@link #write} wrote. */
    T read(RecordReader in);
}
