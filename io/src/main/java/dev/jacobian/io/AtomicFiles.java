// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Writes files and folders so that a reader sees the old one or the new one, whole, whatever happens in between: an
 * exception, a kill, a full disk, a power cut.
 *
 * <p>The new content goes into a hidden sibling, {@code .NAME.tmp-PID-N}; it is flushed to the device; then it is
 * renamed over the target and the folder is flushed. A sibling that a killed process left behind is removed by the next
 * write of the same target.
 *
 * <p>A file is replaced by one rename, which POSIX makes atomic. A folder that exists cannot be: the old one is first
 * renamed to {@code .NAME.old-PID-N}. A kill between the two renames leaves that sibling and no target, and
 * {@link #recover} puts it back; {@link #writeDirectory} calls it first, and code that reads such a folder should too.
 */
public final class AtomicFiles {
    private static final AtomicLong COUNTER = new AtomicLong();
    private static final Set<Path> IN_USE = ConcurrentHashMap.newKeySet();
    private static final boolean WINDOWS = System.getProperty("os.name").startsWith("Windows");

    private AtomicFiles() {}

    /** Writes the content of one file. */
    @FunctionalInterface
    public interface FileBody {
        /** Writes everything to {@code channel}, which is positioned at 0 of an empty file. */
        void writeTo(FileChannel channel) throws IOException;
    }

    /** Writes the content of one folder. */
    @FunctionalInterface
    public interface DirectoryBody {
        /** Creates files and folders inside {@code directory}, which exists and is empty. */
        void writeTo(Path directory) throws IOException;
    }

    /**
     * Creates or replaces a file. Missing parent folders are made.
     *
     * @throws UncheckedIOException if it cannot be written; the old file, if any, is untouched and no part of the new
     *     one remains
     */
    public static void write(Path target, FileBody body) {
        Path file = target.toAbsolutePath().normalize();
        Path temporary = reserve(file, "tmp");
        try {
            Files.createDirectories(folderOf(file));
            removeLeftovers(file, "tmp");
            try (FileChannel channel =
                    FileChannel.open(temporary, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
                body.writeTo(channel);
                channel.force(true);
            }
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            syncDirectory(folderOf(file));
        } catch (IOException | RuntimeException | Error e) {
            deleteTree(temporary, e);
            throw explain(file, e);
        } finally {
            IN_USE.remove(temporary);
        }
    }

    /** Creates or replaces a file with the given bytes. */
    public static void writeBytes(Path target, byte[] content) {
        write(target, channel -> writeFully(channel, ByteBuffer.wrap(content)));
    }

    /** Creates or replaces a file with the given text in UTF-8. */
    public static void writeString(Path target, String content) {
        writeBytes(target, content.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Creates or replaces a whole folder. Nothing of an old folder of that name survives.
     *
     * @throws UncheckedIOException if it cannot be written; the old folder, if any, is untouched
     */
    public static void writeDirectory(Path target, DirectoryBody body) {
        Path directory = target.toAbsolutePath().normalize();
        Path temporary = reserve(directory, "tmp");
        Path old = reserve(directory, "old");
        try {
            Files.createDirectories(folderOf(directory));
            recover(directory);
            Files.createDirectory(temporary);
            body.writeTo(temporary);
            syncTree(temporary);
            boolean replaces = Files.exists(directory);
            if (replaces) {
                Files.move(directory, old, StandardCopyOption.ATOMIC_MOVE);
            }
            try {
                Files.move(temporary, directory, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                if (replaces) {
                    Files.move(old, directory, StandardCopyOption.ATOMIC_MOVE);
                }
                throw e;
            }
            syncDirectory(folderOf(directory));
            deleteTree(old, null);
        } catch (IOException | RuntimeException | Error e) {
            deleteTree(temporary, e);
            throw explain(directory, e);
        } finally {
            IN_USE.remove(temporary);
            IN_USE.remove(old);
        }
    }

    /**
     * Undoes what a killed {@link #writeDirectory} of this folder left: puts the old folder back if the kill fell
     * between the two renames, and removes hidden siblings that no living process owns.
     *
     * @return whether the old folder was put back
     */
    public static boolean recover(Path target) {
        Path directory = target.toAbsolutePath().normalize();
        try {
            boolean restored = false;
            if (Files.notExists(directory) && Files.isDirectory(folderOf(directory))) {
                Optional<Path> old = leftovers(directory, "old").stream().max(Comparator.comparing(Path::toString));
                if (old.isPresent()) {
                    Files.move(old.get(), directory, StandardCopyOption.ATOMIC_MOVE);
                    syncDirectory(folderOf(directory));
                    restored = true;
                }
            }
            removeLeftovers(directory, "old");
            removeLeftovers(directory, "tmp");
            return restored;
        } catch (IOException e) {
            throw explain(directory, e);
        }
    }

    /** Writes all remaining bytes; {@link FileChannel#write} alone may stop early. */
    public static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static Path reserve(Path target, String kind) {
        if (target.getFileName() == null) {
            throw new IllegalArgumentException("Cannot write " + target + ": it is a file system root");
        }
        long pid = ProcessHandle.current().pid();
        Path sibling = target.resolveSibling(
                "." + target.getFileName() + "." + kind + "-" + pid + "-" + COUNTER.incrementAndGet());
        IN_USE.add(sibling);
        return sibling;
    }

    /** A target is absolute and no root, so it lies in a folder. */
    private static Path folderOf(Path target) {
        return Objects.requireNonNull(target.getParent());
    }

    private static void removeLeftovers(Path target, String kind) throws IOException {
        for (Path path : leftovers(target, kind)) {
            deleteTree(path, null);
        }
    }

    /** Siblings of that kind whose writer is gone: a dead process, or an earlier process with our own number. */
    private static List<Path> leftovers(Path target, String kind) throws IOException {
        if (!Files.isDirectory(folderOf(target))) {
            return List.of();
        }
        String prefix = "." + target.getFileName() + "." + kind + "-";
        List<Path> found = new java.util.ArrayList<>();
        try (DirectoryStream<Path> siblings = Files.newDirectoryStream(folderOf(target), path -> {
            String name = path.getFileName().toString();
            return name.startsWith(prefix) && name.substring(prefix.length()).matches("\\d{1,18}-\\d{1,18}");
        })) {
            for (Path path : siblings) {
                String suffix = path.getFileName().toString().substring(prefix.length());
                long pid = Long.parseLong(suffix.substring(0, suffix.indexOf('-')));
                boolean ours = pid == ProcessHandle.current().pid();
                if (ours ? !IN_USE.contains(path) : ProcessHandle.of(pid).isEmpty()) {
                    found.add(path);
                }
            }
        }
        return found;
    }

    private static void syncTree(Path root) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> walk = Files.walk(root)) {
            deepestFirst = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            if (Files.isDirectory(path)) {
                syncDirectory(path);
            } else {
                try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
                    channel.force(true);
                }
            }
        }
    }

    private static void syncDirectory(Path directory) throws IOException {
        if (WINDOWS) {
            return; // A folder cannot be opened there, and NTFS journals renames.
        }
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void deleteTree(Path root, @Nullable Throwable reason) {
        try (Stream<Path> walk = Files.walk(root)) {
            for (Path path : walk.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (NoSuchFileException e) {
            // Nothing had been created yet.
        } catch (IOException | UncheckedIOException e) {
            // A leftover costs space, not correctness; the next write of this target tries again.
            if (reason != null) {
                reason.addSuppressed(e);
            }
        }
    }

    private static RuntimeException explain(Path target, Throwable e) {
        switch (e) {
            case IOException io -> {
                String reason = io.getMessage() == null ? io.toString() : io.getMessage();
                String free = "";
                if (reason.contains("No space left")
                        || reason.contains("not enough space")
                        || reason.contains("quota")) {
                    free = freeSpace(target)
                            .map(bytes -> " (" + (bytes >> 20) + " MiB are free there now)")
                            .orElse("");
                }
                String untouched = Files.exists(target) ? " What was there before is untouched." : "";
                return new UncheckedIOException(
                        "Cannot write " + target + ": " + reason + free + "." + untouched
                                + " Free some space or choose another folder that can be written.",
                        io);
            }
            case RuntimeException runtime -> {
                return runtime;
            }
            case Error error -> throw error;
            default -> throw new AssertionError(e);
        }
    }

    private static Optional<Long> freeSpace(Path target) {
        try {
            return Optional.of(Files.getFileStore(target.getParent()).getUsableSpace());
        } catch (IOException e) {
            return Optional.empty();
        }
    }
}
