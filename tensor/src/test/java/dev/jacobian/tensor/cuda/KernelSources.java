// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;

/** Where the kernels' sources are, and a hash of them. */
final class KernelSources {
    /** The folder of this module. */
    static final Path MODULE =
            Path.of(System.getProperty("basedir", "")).toAbsolutePath().normalize();

    static final Path CUDA = MODULE.resolve("src/main/cuda");

    private KernelSources() {}

    /** What nvcc compiles. */
    static List<Path> cuda() throws IOException {
        try (Stream<Path> files = Files.list(CUDA)) {
            return files.sorted().toList();
        }
    }

    /**
     * SHA-256 in hexadecimal digits of lines "SHA-256 of a file, two spaces, its name", in order, and a last line: what
     * {@code sha256sum} and a shell make easily.
     */
    static String hash(List<Path> files, String lastLine) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Path file : files) {
            lines.append(sha256(Files.readAllBytes(file)))
                    .append("  ")
                    .append(file.getFileName())
                    .append('\n');
        }
        return sha256(lines.append(lastLine).append('\n').toString().getBytes(UTF_8));
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
