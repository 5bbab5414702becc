// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import java.util.function.BiConsumer;
import java.util.function.Function;

/**
 * Objects of a kind as bytes and back. What is read equals what was written, bit for bit: a run must not notice whether its data fit into
 * memory.
 */
public interface RecordCodec<T> {
    /** What two functions do. */
    static <T> RecordCodec<T> of(BiConsumer<T, RecordWriter> writer, Function<RecordReader, T> reader) {
        return new RecordCodec<>() {
            @Override
            public void write(T value, RecordWriter out) {
                writer.accept(value, out);
            }

            @Override
            public T read(RecordReader in) {
                return reader.apply(in);
            }
        };
    }

    /** Writes one. */
    void write(T value, RecordWriter out);

    /** Reads what {@link #write} wrote. */
    T read(RecordReader in);
}
