// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A worker's folder, for as long as it runs.
 *
 * <p>Decisions: a process that is killed cannot remove its folder, and models are large, so who comes next in the same place does. Whether the
 * owner of a folder lives is asked of the system, which lets go of a dead process's lock; a number of a process may be another's by now, or
 * mean nothing behind the wall of a container. What belongs to another user, or has no lock, is let alone.
 */
final class Scratch implements AutoCloseable {
    private static final String PREFIX = "jacobian-worker-";
    private static final String LOCK = "lock";
    private static final String FILES = "files";

    /** Those of this process: a system may let go of a lock when its process closes any channel to the file, so they are not tried. */
    private static final Set<Path> OWN = ConcurrentHashMap.newKeySet();

    private final Path folder;
    private final FileChannel lock;

    private Scratch(Path folder, FileChannel lock) {
        this.folder = folder;
        this.lock = lock;
    }

    /**
     * A new folder, and an end to those of workers that were killed.
     *
     * @param where it is to be; usually the system's folder of temporary files
     */
    static Scratch in(Optional<Path> where) throws IOException {
        while (true) {
            Path made = where.isPresent()
                    ? Files.createTempDirectory(where.get(), PREFIX)
                    : Files.createTempDirectory(PREFIX);
            Path folder = made.toRealPath();
            OWN.add(folder);
            Optional<FileChannel> own = locked(folder, StandardOpenOption.CREATE_NEW);
            if (own.isPresent()) { // or somebody who tidies was quicker
                Files.createDirectory(folder.resolve(FILES));
                tidy(folder);
                return new Scratch(folder, own.get());
            }
            OWN.remove(folder);
        }
    }

    /** Where to put files. */
    Path files() {
        return folder.resolve(FILES);
    }

    /** The lock of a folder, if nobody has it. */
    private static Optional<FileChannel> locked(Path folder, StandardOpenOption how) throws IOException {
        FileChannel channel = FileChannel.open(folder.resolve(LOCK), how, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return Optional.of(channel);
            }
        } catch (OverlappingFileLockException e) {
            // another worker of this process tidies
        }
        channel.close();
        return Optional.empty();
    }

    /** Removes the folders beside this one whose owners have died. */
    private static void tidy(Path own) {
        try (DirectoryStream<Path> all = Files.newDirectoryStream(own.resolveSibling(""), PREFIX + "*")) {
            for (Path other : all) {
                if (!OWN.contains(other)
                        && Files.isDirectory(other, LinkOption.NOFOLLOW_LINKS)
                        && Files.isRegularFile(other.resolve(LOCK), LinkOption.NOFOLLOW_LINKS)
                        && Files.getOwner(other).equals(Files.getOwner(own))) {
                    removeIfDead(other);
                }
            }
        } catch (IOException | RuntimeException e) { // it is no reason not to work
            System.getLogger(Scratch.class.getName())
                    .log(Level.INFO, "folders of workers that were killed may be left beside " + own + ": " + e);
        }
    }

    private static void removeIfDead(Path other) throws IOException {
        Optional<FileChannel> lock = locked(other, StandardOpenOption.READ);
        if (lock.isPresent()) {
            if (Files.isDirectory(other.resolve(FILES), LinkOption.NOFOLLOW_LINKS)) {
                KitStore.remove(other.resolve(FILES)); // what is left then, if this is cut off, has its lock still
            }
            KitStore.remove(other);
            lock.get().close();
        }
    }

    @Override
    public void close() {
        KitStore.remove(folder);
        OWN.remove(folder);
        try {
            lock.close();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot let go of " + folder, e);
        }
    }
}
