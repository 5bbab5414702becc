// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import dev.jacobian.tensor.Nullable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Files and tools of the host that launchers need. */
final class Tools {
    private static final List<String> FOLDERS = List.of("/usr/bin", "/bin", "/usr/sbin", "/sbin");

    private Tools() {}

    /** Which of these commands, by name or path, is not installed. */
    static Optional<String> missing(String... names) {
        return Arrays.stream(names)
                .filter(name -> FOLDERS.stream()
                        .noneMatch(folder -> Files.isExecutable(Path.of(folder).resolve(name))))
                .findFirst()
                .map(name -> name + " is not installed");
    }

    /** The id of the user that we are, which owns our folder in /proc; -1 where there is no such thing. */
    static int userId() {
        try {
            return (int) Files.getAttribute(Path.of("/proc/self/"), "unix:uid");
        } catch (IOException | UnsupportedOperationException noLinux) {
            return -1;
        }
    }

    /** A folder that every user may enter and nobody but us write to; made if need be. */
    static Path folder(Path path) {
        try {
            Files.createDirectories(path);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
            return path;
        } catch (IOException e) {
            throw new SandboxException("cannot make the folder " + path, e);
        }
    }

    /** A file that every user may read. */
    static Path write(Path path, String text) {
        try {
            Files.write(path, text.getBytes(StandardCharsets.UTF_8)); // never fails, whatever a model wrote
            return readable(path);
        } catch (IOException e) {
            throw new SandboxException("cannot write " + path, e);
        }
    }

    /** Lets every user read a file. */
    static Path readable(Path path) throws IOException {
        return Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-r--r--"));
    }

    /** Makes a user the owner of a folder. */
    static void give(Path folder, int user) {
        try {
            Files.setAttribute(folder, "unix:uid", user);
            Files.setAttribute(folder, "unix:gid", user);
        } catch (IOException e) {
            throw new SandboxException("cannot give " + folder + " to user " + user, e);
        }
    }

    static String linkTarget(Path link) {
        try {
            return Files.readSymbolicLink(link).toString();
        } catch (IOException e) {
            throw new SandboxException("cannot read the link " + link, e);
        }
    }

    /** A file that every user may read and run. */
    static void executable(Path path, byte[] bytes) {
        try {
            Files.write(path, bytes);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new SandboxException("cannot write " + path, e);
        }
    }

    /** Whether users that we are not can enter a folder. */
    static boolean openToOthers(Path folder) {
        try {
            for (Path at = folder; at != null; at = at.getParent()) {
                if (!Files.getPosixFilePermissions(at).contains(PosixFilePermission.OTHERS_EXECUTE)) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Removes a folder and all below it, links and not what they lead to. What cannot be removed is left. */
    static void delete(Path folder) {
        try {
            Files.walkFileTree(folder, new Removal());
        } catch (IOException left) {
            System.getLogger(Tools.class.getName()).log(System.Logger.Level.WARNING, "cannot remove " + folder, left);
        }
    }

    /** A text for a message: short, and nothing in it that a terminal would obey. */
    static String printable(String text) {
        String clean = text.replaceAll("[\\p{Cntrl}]+", " ").strip();
        return clean.length() <= 300 ? clean : clean.substring(0, 300) + "...";
    }

    /** Deletes what it visits; follows no links. */
    private static final class Removal extends SimpleFileVisitor<Path> {
        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.deleteIfExists(file);
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
            if (Files.isDirectory(file, LinkOption.NOFOLLOW_LINKS) && !Files.isReadable(file)) {
                Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
                Files.walkFileTree(file, this); // a program may have shut its own folders
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure) throws IOException {
            Files.deleteIfExists(folder);
            return FileVisitResult.CONTINUE;
        }
    }
}
