// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io.spill;

import dev.jacobian.tensor.Nullable;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A temporary file of one list. Its name is taken away as soon as it is open, so that nothing is left of it however the process ends; where a
 * system keeps the names of open files, it goes when it is closed, and with the process at the latest.
 *
 * <p>Not a channel: an interrupt of one thread would close that for all. Only its owner can read it.
 */
final class SpillFile implements Closeable {
    /** How a list gets its file. */
    @FunctionalInterface
    interface Maker {
        SpillFile in(Path folder) throws IOException;
    }

    private final RandomAccessFile file;
    private final @Nullable Path name;
    private long length;

    /** @param name where it still has one */
    SpillFile(RandomAccessFile file, @Nullable Path name) {
        this.file = file;
        this.name = name;
    }

    static SpillFile in(Path folder) throws IOException {
        Path path = Files.createTempFile(folder, "jacobian-rows-", ".tmp"); // readable by its owner alone
        RandomAccessFile opened;
        try {
            opened = new RandomAccessFile(path.toFile(), "rw");
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(path);
            throw e;
        }
        try {
            Files.delete(path);
            return new SpillFile(opened, null);
        } catch (IOException stillOpen) {
            path.toFile().deleteOnExit();
            return new SpillFile(opened, path);
        }
    }

    synchronized void append(byte[] bytes, int count) throws IOException {
        file.seek(length);
        file.write(bytes, 0, count);
        length += count;
    }

    /** @throws EOFException if the file has become shorter */
    synchronized void read(long at, byte[] into) throws IOException {
        file.seek(at);
        file.readFully(into);
    }

    @Override
    public synchronized void close() throws IOException {
        file.close();
        if (name != null) {
            Files.deleteIfExists(name);
        }
    }
}
