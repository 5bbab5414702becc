// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A regular file of weights, open for reading: its header once, then stretches of it by all threads.
 *
 * <p>Parts of the file are mapped and let go again; while it is open it must not be cut short by another program.
 */
public final class MappedFile implements AutoCloseable {
    private final Path path;
    private final FileChannel channel;

    private MappedFile(Path path, FileChannel channel) {
        this.path = path;
        this.channel = channel;
    }

    /** Makes something of a file's header. */
    @FunctionalInterface
    public interface Parser<T> {
        /**
         * @param file stays open if this returns, and is closed if it throws
         * @param arena what is mapped in it is let go afterwards
         */
        T parse(MappedFile file, Arena arena) throws IOException;
    }

    /**
     * Opens a file and looks at its header.
     *
     * @throws FormatException if it is no regular file
     * @throws UncheckedIOException if it cannot be read
     */
    public static <T> T open(Path path, Parser<T> parser) {
        InputFiles.requireRegular(path);
        MappedFile file;
        try {
            file = new MappedFile(path, FileChannel.open(path, StandardOpenOption.READ));
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("No such file: " + path, e);
        } catch (IOException e) {
            throw unreadable(path, e);
        }
        try (Arena arena = Arena.ofConfined()) {
            return parser.parse(file, arena);
        } catch (IOException e) {
            file.closeQuietly();
            throw unreadable(path, e);
        } catch (RuntimeException | Error e) {
            file.closeQuietly();
            throw e;
        }
    }

    private static UncheckedIOException unreadable(Path path, IOException e) {
        return new UncheckedIOException("Cannot read " + path + ": " + e.getMessage(), e);
    }

    private void closeQuietly() {
        try {
            channel.close();
        } catch (IOException ignored) {
            // what went wrong before is what the caller must hear
        }
    }

    /** Where it is. */
    public Path path() {
        return path;
    }

    /** Its bytes. */
    public long size() throws IOException {
        return channel.size();
    }

    /** Some of its bytes. */
    public MemorySegment map(long from, long bytes, Arena arena) throws IOException {
        return channel.map(FileChannel.MapMode.READ_ONLY, from, bytes, arena);
    }

    /**
     * Hands a stretch out to all threads, as {@link FilePieces#read}.
     *
     * @param from first byte of the stretch, which must lie in the file
     * @param unit bytes of what is never divided
     * @param n units in the stretch
     * @param piece most units of a piece
     */
    public void read(long from, int unit, int n, int piece, FilePieces.Reader reader) {
        FilePieces.read(channel, from, unit, n, piece, path.toString(), reader);
    }

    /** Closes it. Closing twice does nothing. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot close " + path + ": " + e.getMessage(), e);
        }
    }
}
