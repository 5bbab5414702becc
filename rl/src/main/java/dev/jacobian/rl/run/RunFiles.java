// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.run;

import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.FormatException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What lies in a run's folder: checkpoints, what kills have left behind, and whether everything still is where it was.
 *
 * <p>Decision: nothing in the folder may be a link. A run appends to its logs and cuts them when it is resumed, and through a
 * link that would happen to somebody else's file. The folder itself may be reached through links.
 */
final class RunFiles {
    private static final String PREFIX = "checkpoint-";
    private static final Pattern CHECKPOINT = Pattern.compile(PREFIX + "[0-9]{1,9}");
    private static final Pattern REMOVED = Pattern.compile("\\." + CHECKPOINT + "\\.removed");
    private static final Pattern UNFINISHED = Pattern.compile("\\.(.+)\\.(?:tmp|old)-[0-9]{1,18}-[0-9]{1,18}");

    private final Path folder;
    private final Map<Path, Object> identities = new LinkedHashMap<>();

    RunFiles(Path folder) {
        this.folder = folder;
    }

    // Links

    /**
     * Refuses links and whatever else is neither file nor folder, under the names that a run uses.
     *
     * @param appended files that are written in place: of these even a second name is refused
     */
    void requireOwn(List<String> appended) {
        for (Path entry : entries(folder)) {
            String name = entry.getFileName().toString();
            if (CHECKPOINT.matcher(name).matches()) {
                requireOwnTree(entry);
            } else if (appended.contains(name) || name.endsWith(".json") || name.equals(RunLock.FILE)) {
                requireOwn(entry, false);
            }
        }
        for (String name : appended) {
            if (names(folder.resolve(name)) > 1) {
                throw notOwn(folder.resolve(name), "has a second name (a hard link)");
            }
        }
    }

    /** A checkpoint's files, and those of models in folders of their own. */
    private static void requireOwnTree(Path folder) {
        requireOwn(folder, true);
        for (Path entry : entries(folder)) {
            if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                requireOwnTree(entry);
            } else {
                requireOwn(entry, false);
            }
        }
    }

    private static void requireOwn(Path path, boolean directory) {
        BasicFileAttributes attributes = attributes(path).orElseThrow();
        if (attributes.isSymbolicLink()) {
            throw notOwn(path, "is a symbolic link");
        }
        if (directory ? !attributes.isDirectory() : !attributes.isRegularFile()) {
            throw notOwn(path, directory ? "is not a folder" : "is not a file");
        }
    }

    private static FormatException notOwn(Path path, String what) {
        return new FormatException(
                path.toString(),
                "it " + what + "; a run reads and writes only what is its own",
                "Put a copy in its place, or start a new run");
    }

    private static int names(Path file) {
        try {
            return Files.exists(file) ? (Integer) Files.getAttribute(file, "unix:nlink") : 0;
        } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
            return 1; // not a POSIX system: what cannot be asked is not refused
        }
    }

    // Checkpoints

    /** Checkpoints, the latest first. */
    List<Path> checkpoints() {
        return entries(folder).stream()
                .filter(path ->
                        CHECKPOINT.matcher(path.getFileName().toString()).matches())
                .sorted(Comparator.comparingInt(RunFiles::stepOf).reversed())
                .toList();
    }

    Path checkpoint(int step) {
        return folder.resolve(PREFIX + step);
    }

    static int stepOf(Path checkpoint) {
        return Integer.parseInt(checkpoint.getFileName().toString().substring(PREFIX.length()));
    }

    /** Removes all but the latest. */
    void keepLatest(int count) {
        for (Path checkpoint : checkpoints().stream().skip(count).toList()) {
            // a kill in the middle must not leave something that looks like a checkpoint
            Path doomed = checkpoint.resolveSibling("." + checkpoint.getFileName() + ".removed");
            try {
                Files.move(checkpoint, doomed);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot remove the old checkpoint " + checkpoint, e);
            }
            delete(doomed);
        }
    }

    /** Removes what a killed process was about to write or to remove. */
    void sweep() {
        for (Path entry : entries(folder)) {
            String name = entry.getFileName().toString();
            Matcher unfinished = UNFINISHED.matcher(name);
            if (REMOVED.matcher(name).matches()) {
                delete(entry);
            } else if (unfinished.matches()) {
                AtomicFiles.recover(folder.resolve(unfinished.group(1)));
            }
        }
    }

    private static void delete(Path tree) {
        try (Stream<Path> files = Files.walk(tree)) {
            for (Path path : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + tree, e);
        }
    }

    // Places

    /** Remembers which files these names stand for now. */
    void remember(List<String> names) {
        identities.put(folder, identity(folder));
        names.forEach(name -> identities.put(folder.resolve(name), identity(folder.resolve(name))));
    }

    /**
     * Fails if the folder or a file in it was moved, replaced or deleted meanwhile: what is written now would go to a place
     * where nobody looks for it.
     *
     * @throws IllegalStateException saying what is gone
     */
    void requireInPlace() {
        identities.forEach((path, identity) -> {
            if (!identity.equals(identity(path))) {
                String what = path.equals(folder) ? "the run's folder " + folder : path + " of this run";
                throw new IllegalStateException(
                        what + " was moved, replaced or removed while the run went on, so it ends"
                                + " here. Where the folder is now, its last checkpoint can be resumed from:"
                                + " jacobian COMMAND --resume --out THAT_FOLDER");
            }
        });
    }

    /** Whether the folder is the one of the start; a file in it that was replaced is another matter. */
    boolean isSameFolder() {
        return identity(folder).equals(identities.get(folder));
    }

    /** Takes back a checkpoint that has come to lie in another folder than the run's, made for it alone. */
    void takeBack(Path checkpoint) {
        delete(checkpoint);
        try {
            if (entries(folder).isEmpty()) {
                Files.deleteIfExists(folder);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("cannot remove " + folder, e);
        }
    }

    /** Device and inode where there are any; else only whether it exists. */
    private static Object identity(Path path) {
        return attributes(path)
                .map(found -> Objects.requireNonNullElse(found.fileKey(), (Object) true))
                .orElse(false);
    }

    private static Optional<BasicFileAttributes> attributes(Path path) {
        try {
            return Optional.of(Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS));
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    private static List<Path> entries(Path folder) {
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> entries = Files.list(folder)) {
            return entries.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot list " + folder, e);
        }
    }
}
