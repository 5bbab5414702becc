// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import jcuda.JCudaVersion;
import jcuda.LibUtils;

/**
 * JCuda's native libraries: taken out of their jars, mended where the machine's cuBLAS is newer, and given to JCuda.
 *
 * <p>JCuda by itself writes them into the folder for temporary files under a fixed name and trusts a file that is already
 * there: a stale one, a half-written one of another process, or one that somebody else put there. So they are written here,
 * into a new folder that only this user can enter, each under another name first and then renamed; JCuda is started while
 * {@code java.io.tmpdir} points there, and finds them. The folder is removed at once: a loaded library needs its file no
 * longer, and nothing is left to become stale.
 *
 * <p>The property is the process's, so another thread may make a temporary file in that moment; therefore only our own files
 * are removed, and a folder that is not empty stays.
 *
 * <p>Only {@link #version} may be called where JCuda is not on the path.
 */
final class JcudaNatives {
    /** Where the folder is made; otherwise the folder for temporary files or the user's cache, whichever allows execution. */
    static final String FOLDER_PROPERTY = "jacobian.cuda.tmpdir";

    /** What the natives were linked against. */
    static final String LINKED_CUBLAS = "libcublas.so.12";

    private static final long MAX_BYTES = 64L << 20;

    private JcudaNatives() {}

    /** The version of JCuda's classes; empty if they are not on the path. */
    static Optional<String> version() {
        try {
            Class.forName("jcuda.jcublas.JCublas2", false, JcudaNatives.class.getClassLoader());
            return Optional.of(Jcuda.version());
        } catch (ClassNotFoundException | LinkageError absent) {
            return Optional.empty();
        }
    }

    /** Whether both native libraries are on the path. */
    static boolean present() {
        return resource(Jcuda.file("JCudaDriver")).isPresent()
                && resource(Jcuda.file("JCublas2")).isPresent();
    }

    /** Apart, so that the rest can be linked where JCuda is not. */
    private static final class Jcuda {
        static String version() {
            return JCudaVersion.get();
        }

        static String file(String library) {
            return LibUtils.createLibraryFileName(LibUtils.createPlatformLibraryName(library + "-" + version()));
        }
    }

    /** Opens a library of JCuda's natives; empty if it is not on the path. */
    private static Optional<InputStream> resource(String file) {
        // The class loader, not the class: on the module path the natives are in other modules than the classes.
        return Optional.ofNullable(JcudaNatives.class.getClassLoader().getResourceAsStream("lib/" + file));
    }

    /** A native library of JCuda as its jar has it. */
    static byte[] read(String library) throws IOException {
        String file = Jcuda.file(library);
        try (InputStream in =
                resource(file).orElseThrow(() -> new FileNotFoundException(file + " is not on the path"))) {
            return in.readAllBytes();
        }
    }

    /** {@code JCublas2} for a cuBLAS: as it is, or asking for the file name of that version. */
    static byte[] linkedTo(byte[] jcublas, int cublasMajor) throws IOException {
        String wanted = "libcublas.so." + cublasMajor;
        if (wanted.equals(LINKED_CUBLAS)) {
            return jcublas;
        }
        ElfImage image = new ElfImage(jcublas, "JCublas2");
        image.rename(LINKED_CUBLAS, wanted);
        return image.bytes();
    }

    /**
     * Starts a part of JCuda with these bytes as its native library.
     *
     * @param library such as {@code JCudaDriver}
     * @param start touches the part, so that it loads its library
     * @throws IOException if there is no folder to write to that allows execution
     * @throws UnsatisfiedLinkError if the dynamic linker refuses
     */
    static void start(String library, byte[] bytes, Runnable start) throws IOException {
        Path folder = newFolder();
        Path file = folder.resolve(Jcuda.file(library));
        try {
            write(file, bytes);
            String before = System.getProperty("java.io.tmpdir");
            System.setProperty("java.io.tmpdir", folder.toString());
            try {
                start.run();
            } finally {
                System.setProperty("java.io.tmpdir", before);
            }
        } finally {
            Files.deleteIfExists(file);
            deleteIfEmpty(folder);
        }
    }

    /** Writes a file that appears whole or not at all. */
    static void write(Path file, byte[] bytes) throws IOException {
        if (bytes.length > MAX_BYTES) {
            throw new IOException(file + " would have " + bytes.length + " bytes");
        }
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            Files.write(part, bytes);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(part); // left by a full disk
        }
    }

    /** A new folder that only this user can enter, where files may be executed. */
    static Path newFolder() throws IOException {
        List<String> refused = new ArrayList<>();
        for (Path parent : parents()) {
            if (NoExec.covers(parent)) {
                refused.add(parent + " is mounted noexec");
                continue;
            }
            try {
                Files.createDirectories(parent);
                return Files.createTempDirectory(
                        parent,
                        "jacobian-cuda-",
                        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            } catch (IOException | UnsupportedOperationException unusable) {
                refused.add(unusable.toString());
            }
        }
        throw new IOException("no folder for JCuda's native libraries: " + String.join(", ", refused)
                + "; name one with -D" + FOLDER_PROPERTY + "=DIR");
    }

    private static List<Path> parents() {
        String chosen = System.getProperty(FOLDER_PROPERTY, "");
        if (!chosen.isBlank()) {
            return List.of(Path.of(chosen).toAbsolutePath());
        }
        return List.of(
                Path.of(System.getProperty("java.io.tmpdir")).toAbsolutePath(),
                Path.of(System.getProperty("user.home"), ".cache", "jacobian").toAbsolutePath());
    }

    private static void deleteIfEmpty(Path folder) {
        try {
            Files.deleteIfExists(folder);
        } catch (IOException notEmpty) {
            // somebody else's temporary file: it is theirs
        }
    }
}
