// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Where the kernels' sources are, and a hash of them. */
public final class KernelSources {
    /** The folder of this module. */
    public static final Path MODULE =
            Path.of(System.getProperty("basedir", "")).toAbsolutePath().normalize();

    static final Path CUDA = MODULE.resolve("src/main/cuda");

    private static final Pattern INCLUDE = Pattern.compile("(?m)^#include \"(.*\\.cuh)\"$");

    private KernelSources() {}

    /** The names of the sources, each of which nvcc compiles by itself, without their ending. */
    public static List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(CUDA)) {
            return files.map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".cu"))
                    .map(file -> file.substring(0, file.length() - ".cu".length()))
                    .sorted()
                    .toList();
        }
    }

    /** A source with all the headers that it includes, and those that they include, by name. */
    public static List<Path> withHeaders(String name) throws IOException {
        TreeMap<String, Path> found = new TreeMap<>();
        Deque<String> next = new ArrayDeque<>(List.of(name + ".cu"));
        while (!next.isEmpty()) {
            Path file = CUDA.resolve(next.pop());
            if (found.putIfAbsent(file.getFileName().toString(), file) == null) {
                INCLUDE.matcher(Files.readString(file)).results().forEach(include -> next.push(include.group(1)));
            }
        }
        return List.copyOf(found.values());
    }

    /**
     * SHA-256 in hexadecimal digits of lines "SHA-256 of a file, two spaces, its name", in order, and last lines: what
     * {@code sha256sum} and a shell make easily.
     */
    public static String hash(List<Path> files, String lastLines) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Path file : files) {
            lines.append(sha256(Files.readAllBytes(file)))
                    .append("  ")
                    .append(file.getFileName())
                    .append('\n');
        }
        return sha256(lines.append(lastLines).append('\n').toString().getBytes(UTF_8));
    }

    static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError("every Java platform has SHA-256", e);
        }
    }
}
