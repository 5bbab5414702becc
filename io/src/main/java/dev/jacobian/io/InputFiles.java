// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * The files that are read: regular ones, or symbolic links to such.
 *
 * <p>A pipe would be waited for without end, a device such as {@code /dev/zero} has none, and a checkpoint from elsewhere can
 * hold links to either. What is to come through a pipe goes to standard input or into a file first.
 */
public final class InputFiles {
    private InputFiles() {}

    /**
     * Refuses what is no regular file.
     *
     * @return its size in bytes
     * @throws FormatException if it is a folder, a pipe, a device or a socket
     * @throws UncheckedIOException if there is nothing of that name or it may not be looked at
     */
    public static long requireRegular(Path file) {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            if (!attributes.isRegularFile()) {
                throw new FormatException(
                        file.toString(),
                        attributes.isDirectory()
                                ? "it is a folder, not a file"
                                : "it is a pipe, a device or a socket (or a link to one), not a file",
                        "Only regular files are read: write the content to one and give that");
            }
            return attributes.size();
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("No such file: " + file, e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }

    /**
     * The bytes of a regular file.
     *
     * @param limit most bytes that are read
     * @param kind what the file should be, in plural, for the message: "JSON files"
     * @throws FormatException if it is no regular file or has more bytes than the limit
     * @throws UncheckedIOException if it cannot be read
     */
    public static byte[] read(Path file, long limit, String kind) {
        long size = requireRegular(file);
        try (InputStream in = Files.newInputStream(file)) {
            // Counted too: files of some file systems hold more than they say.
            byte[] bytes = size > limit ? new byte[0] : in.readNBytes((int) Math.min(limit, Integer.MAX_VALUE - 8));
            if (size > limit || in.read() >= 0) {
                throw new FormatException(
                        file.toString(),
                        "the file has " + Math.max(size, limit + 1) + " bytes; " + kind + " up to " + limit
                                + " bytes are read",
                        "Check that this is the right file");
            }
            return bytes;
        } catch (NoSuchFileException e) {
            throw new UncheckedIOException("No such file: " + file, e);
        } catch (IOException e) {
            throw new UncheckedIOException("Cannot read " + file + ": " + e.getMessage(), e);
        }
    }
}
