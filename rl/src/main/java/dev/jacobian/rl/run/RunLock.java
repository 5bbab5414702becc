// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Keeps a run's folder for one process: a lock of the operating system on {@code run.lock}, which names its owner.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>The system's lock counts, never the file: it goes with its process however that ends, so nothing has to be cleaned up
 *       after a kill. The text in the file serves the message to the one who is refused.
 *   <li>The file stays when the lock is given back. Deleting it would let a process that has just opened the old file and one
 *       that makes a new file both believe that they hold the lock.
 *   <li>The byte that is locked lies far behind the text, because some systems also refuse to read what is locked.
 *   <li>POSIX drops a process's lock as soon as that process closes the file anywhere, so a folder that this process holds is
 *       known by name and its lock file is not opened again.
 * </ul>
 */
public final class RunLock implements AutoCloseable {
    /** The file that is locked. */
    public static final String FILE = "run.lock";

    private static final System.Logger LOG = System.getLogger("dev.jacobian.rl");
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();
    private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;
    private static final String OWNER = "process [0-9]{1,19}, started [-0-9TZ:.]{1,40}";
    private static final int TRIES = 20; // to read an owner that has only begun to write its name
    private static final long PAUSE_MS = 10;

    private final Path folder;
    private final FileChannel channel;

    private RunLock(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    /**
     * Takes the folder, which exists.
     *
     * @throws IllegalStateException naming the owner, if a living process holds it
     * @throws UncheckedIOException if there cannot be a lock file
     */
    public static RunLock acquire(Path folder) {
        Path real = real(folder);
        if (!HELD.add(real)) {
            throw inUse(folder, describe(ProcessHandle.current()));
        }
        try {
            RunLock lock = new RunLock(real, open(real.resolve(FILE)));
            if (!lock.take()) {
                lock.channel.close();
                throw inUse(folder, owner(real.resolve(FILE)));
            }
            return lock;
        } catch (IOException e) {
            HELD.remove(real);
            throw new UncheckedIOException(
                    "cannot lock " + folder.resolve(FILE) + ": " + e.getMessage()
                            + "; choose another folder with --out",
                    e);
        } catch (RuntimeException e) {
            HELD.remove(real);
            throw e;
        }
    }

    /** One folder under one name, through whatever links it was reached. */
    private static Path real(Path folder) {
        try {
            return folder.toRealPath();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot use the run folder " + folder + ": " + e.getMessage(), e);
        }
    }

    private static FileChannel open(Path file) throws IOException {
        return FileChannel.open(
                file,
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                LinkOption.NOFOLLOW_LINKS);
    }

    private boolean take() throws IOException {
        FileLock lock;
        try {
            lock = channel.tryLock(LOCKED_BYTE, 1, false);
        } catch (OverlappingFileLockException e) {
            return false; // this process, by way of another class loader
        } catch (IOException e) {
            LOG.log(
                    Level.WARNING,
                    "the file system of {0} has no locks ({1}): nothing keeps a second process out of this run",
                    folder,
                    e.getMessage());
            return true;
        }
        if (lock == null) {
            return false;
        }
        write(describe(ProcessHandle.current()) + "\n");
        return true;
    }

    private void write(String text) throws IOException {
        channel.truncate(0);
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes, bytes.position());
        }
    }

    private static String describe(ProcessHandle process) {
        return "process " + process.pid() + ", started "
                + process.info().startInstant().orElse(Instant.EPOCH).truncatedTo(ChronoUnit.SECONDS);
    }

    /** Who holds the lock, as the file says; the owner writes it right after it has the lock. */
    private static String owner(Path file) throws IOException {
        for (int i = 0; i < TRIES; i++) {
            String text = Files.size(file) > 200 ? "" : Files.readString(file).strip();
            if (text.matches(OWNER)) {
                return text;
            }
            try {
                Thread.sleep(PAUSE_MS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                break;
            }
        }
        return "another process";
    }

    private static IllegalStateException inUse(Path folder, String owner) {
        return new IllegalStateException(folder + " already holds a run that is in use (" + owner
                + "); wait until that process ends or stop it, or choose another --out");
    }

    /** Gives the folder back. */
    @Override
    public void close() {
        try {
            if (channel.isOpen()) {
                channel.truncate(0);
                channel.close();
                HELD.remove(folder);
            }
        } catch (IOException e) {
            HELD.remove(folder);
            throw new UncheckedIOException("cannot unlock " + folder, e);
        }
    }
}
