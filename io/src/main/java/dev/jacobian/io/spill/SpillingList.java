// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import java.util.AbstractList;
import java.util.RandomAccess;

/**
 * A list that may be larger than memory. Its elements are kept as bytes, beyond a bound of {@link Spill} in a temporary file, and each is made
 * anew whenever it is asked for: two calls of {@link #get} give equal elements that are not the same object.
 *
 * <p>Elements can be appended and nothing else. One thread appends; any number read. The temporary file is deleted by {@link #close}, when
 * nobody refers to the list any more, and when the process ends in whatever way.
 *
 * <p>For: rows and examples that are read in any order, one or a few at a time. Against: what is small anyway, or must keep its identity.
 */
public final class SpillingList<T> extends AbstractList<T> implements RandomAccess, AutoCloseable {
    private final SpillingRecords records;
    private final RecordCodec<T> codec;

    /** An empty list. */
    public SpillingList(RecordCodec<T> codec, Spill spill) {
        this.records = new SpillingRecords(spill);
        this.codec = codec;
    }

    /** An empty list of texts. */
    public static SpillingList<String> ofTexts(Spill spill) {
        return new SpillingList<>(RecordCodec.of((text, out) -> out.text(text), RecordReader::text), spill);
    }

    /**
     * Appends an element.
     *
     * @return true
     * @throws java.io.UncheckedIOException if it does not fit into memory, and not on disk; the message names the folder and how to change it
     */
    @Override
    public boolean add(T element) {
        RecordWriter out = new RecordWriter();
        codec.write(element, out);
        records.add(out.toBytes());
        return true;
    }

    /**
     * The element at a place.
     *
     * @throws IllegalStateException if the list is closed, or its file was damaged
     */
    @Override
    public T get(int index) {
        RecordReader in = new RecordReader(records.get(index));
        T element = codec.read(in);
        if (!in.isAtEnd()) {
            throw new IllegalStateException("a record is longer than what is read of it");
        }
        return element;
    }

    @Override
    public int size() {
        return records.size();
    }

    /** Whether some of it lies in a file. */
    public boolean isSpilled() {
        return records.isSpilled();
    }

    /** Deletes the file and forgets the elements. */
    @Override
    public void close() {
        records.close();
    }
}
