// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.zip.CRC32C;

/**
 * Records of bytes by their index: in memory as long as they are few, and in a temporary file when they are many.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>What stays in memory is a number of 8 bytes for each record, and as many bytes as {@link Spill} allows. With the first record beyond
 *       that all before it go to the file, and from then on only what is not yet written waits in memory.
 *   <li>In the file each record has its checksum behind it: what a broken disk gives back is an error and not an example to learn from.
 *   <li>One thread appends; any number read, also meanwhile.
 *   <li>The file is gone when this is closed, when nobody refers to it any more, and when the process ends.
 * </ul>
 */
final class SpillingRecords implements AutoCloseable {
    private static final int OFFSETS = 1 << 14; // of a chunk
    private static final int FIRST = 1 << 12;
    private static final int BUFFER = 1 << 20; // once there is a file
    private static final int MOST_IN_ARRAY = Integer.MAX_VALUE - 64;

    private final Spill spill;
    private final SpillFile.Maker maker;
    private long[][] ends = new long[4][]; // where each record ends, its checksum included
    private int size;
    private byte[] tail = new byte[FIRST]; // what is not in the file
    private int used;
    private long flushed; // bytes in the file
    private @Nullable SpillFile file;
    private boolean closed;

    SpillingRecords(Spill spill) {
        this(spill, SpillFile::in);
    }

    SpillingRecords(Spill spill, SpillFile.Maker maker) {
        this.spill = spill;
        this.maker = maker;
    }

    synchronized int size() {
        return size;
    }

    /** Whether there is a file. */
    synchronized boolean isSpilled() {
        return file != null;
    }

    /**
     * Appends a record.
     *
     * @throws UncheckedIOException naming the folder, if there is no room on disk
     */
    synchronized void add(byte[] record) {
        requireOpen();
        if (size == Integer.MAX_VALUE || record.length > MOST_IN_ARRAY - Integer.BYTES) {
            throw new IllegalStateException("a list has at most " + Integer.MAX_VALUE + " elements of less than 2 GiB");
        }
        int length = record.length + Integer.BYTES;
        long bound = file == null ? Math.min(spill.memory(), MOST_IN_ARRAY) : BUFFER;
        if ((long) used + length > bound) {
            flush();
        }
        reserve(length);
        System.arraycopy(record, 0, tail, used, record.length);
        writeChecksum(checksum(record, record.length), used + record.length);
        used += length;
        ends(size, flushed + used);
        size++;
        if (file != null && used > BUFFER) {
            flush(); // one that is longer than what waits
        }
    }

    private void reserve(int length) {
        int needed = Math.addExact(used, length);
        if (needed > tail.length) {
            long twice = Math.max(needed, 2L * tail.length);
            long most = Math.max(needed, file == null ? spill.memory() : BUFFER);
            tail = Arrays.copyOf(tail, (int) Math.min(Math.min(twice, most), MOST_IN_ARRAY));
        }
    }

    private void writeChecksum(int checksum, int at) {
        for (int i = 0; i < Integer.BYTES; i++) {
            tail[at + i] = (byte) (checksum >>> Byte.SIZE * i);
        }
    }

    private static int checksum(byte[] bytes, int length) {
        CRC32C checksum = new CRC32C();
        checksum.update(bytes, 0, length);
        return (int) checksum.getValue();
    }

    private void flush() {
        try {
            SpillFile to = file;
            if (to == null) {
                to = maker.in(spill.folder());
                file = to;
            }
            to.append(tail, used);
        } catch (IOException | RuntimeException e) {
            close();
            throw new UncheckedIOException(
                    "Cannot write rows to a temporary file in " + spill.folder().toAbsolutePath() + ": "
                            + e.getMessage()
                            + ". They are more than memory is given to; make room there, or name another folder with"
                            + " -Djava.io.tmpdir=FOLDER (JACOBIAN_JAVA_OPTS of the launcher)",
                    e instanceof IOException io ? io : new IOException(e));
        }
        flushed += used;
        used = 0;
        if (tail.length > BUFFER) {
            tail = new byte[FIRST];
        }
    }

    private void ends(int index, long end) {
        int chunk = index / OFFSETS;
        if (chunk == ends.length) {
            ends = Arrays.copyOf(ends, 2 * chunk);
        }
        if (ends[chunk] == null) {
            ends[chunk] = new long[OFFSETS];
        }
        ends[chunk][index % OFFSETS] = end;
    }

    private long end(int index) {
        return index < 0 ? 0 : ends[index / OFFSETS][index % OFFSETS];
    }

    /**
     * The record at a place.
     *
     * @throws IndexOutOfBoundsException if there is none
     * @throws IllegalStateException if this is closed, or the file is not as it was written
     */
    byte[] get(int index) {
        SpillFile from;
        long start;
        int length;
        synchronized (this) {
            requireOpen();
            if (index < 0 || index >= size) {
                throw new IndexOutOfBoundsException("element " + index + " of " + size);
            }
            start = end(index - 1);
            length = (int) (end(index) - start);
            if (start >= flushed) {
                int at = (int) (start - flushed);
                return Arrays.copyOfRange(tail, at, at + length - Integer.BYTES);
            }
            from = file;
        }
        return read(from, index, start, length);
    }

    private byte[] read(@Nullable SpillFile from, int index, long start, int length) {
        byte[] bytes = new byte[length];
        try {
            if (from == null) {
                throw new IOException("there is none");
            }
            from.read(start, bytes);
        } catch (IOException e) {
            requireOpen(); // somebody may have closed it meanwhile
            throw broken(index, "cannot be read (" + e + ")", e);
        }
        int checksum = checksum(bytes, length - Integer.BYTES);
        for (int i = 0; i < Integer.BYTES; i++) {
            if (bytes[length - Integer.BYTES + i] != (byte) (checksum >>> Byte.SIZE * i)) {
                throw broken(index, "is not what was written", null);
            }
        }
        return Arrays.copyOf(bytes, length - Integer.BYTES);
    }

    private IllegalStateException broken(int index, String what, @Nullable IOException cause) {
        return new IllegalStateException(
                "Row " + index + " of the temporary file in " + spill.folder().toAbsolutePath() + " " + what
                        + ". The file was damaged while the run used it; check the disk, and start or resume the run"
                        + " again",
                cause);
    }

    private synchronized void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the list is closed");
        }
    }

    /** Deletes the file and forgets the records. Closing again does nothing. */
    @Override
    public synchronized void close() {
        closed = true;
        tail = new byte[0];
        used = 0;
        ends = new long[0][];
        SpillFile open = file;
        file = null;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                throw new UncheckedIOException("Cannot remove a temporary file in " + spill.folder(), e);
            }
        }
    }
}
