// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * Where tests find their files: in the committed {@code testdata}, or in a folder beside the project for what may not be
 * committed.
 */
public final class TestPaths {
    private TestPaths() {}

    /** A path below the project's {@code testdata}. */
    public static Path testdata(String first, String... more) {
        String given = System.getProperty("jacobian.testdata"); // set by Maven
        Path root = given == null ? project().resolve("testdata") : Path.of(given);
        return root.resolve(Path.of(first, more));
    }

    /** The folder of a model in {@code testdata/models}. */
    public static Path model(String name) {
        return testdata("models", name);
    }

    /**
     * A path below the folder {@code shared} beside the project: real vocabularies, templates and other data that may not be
     * committed. The test is skipped, with a message, if it is not there.
     */
    public static Path shared(String first, String... more) {
        String given = System.getProperty("jacobian.shared"); // set by Maven
        Path root = given == null ? project().resolveSibling("shared") : Path.of(given);
        Path path = root.resolve(Path.of(first, more));
        Assumptions.assumeTrue(
                Files.exists(path), () -> "skipped: " + path + " is not there (it may not be committed)");
        return path;
    }

    /** The project's own folder. */
    public static Path project() {
        String given = System.getProperty("jacobian.testdata");
        if (given != null) {
            return Objects.requireNonNull(Path.of(given).toAbsolutePath().getParent(), "testdata is a root");
        }
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("testdata"))) {
                return at;
            }
        }
        throw new IllegalStateException("no folder 'testdata' here or above; set -Djacobian.testdata");
    }

    /** Copies a folder of small files to another one, to be broken by a test; returns the copy. */
    public static Path copy(Path from, Path to) {
        return copy(from, to, name -> true);
    }

    /** Copies a model without its goldens into a folder of the same name below {@code parent}; returns the copy. */
    public static Path copyModel(String name, Path parent) {
        return copy(model(name), parent.resolve(name), file -> !file.startsWith("golden"));
    }

    private static Path copy(Path from, Path to, Predicate<String> wanted) {
        try (Stream<Path> entries = Files.list(from)) {
            List<Path> files = entries.filter(
                            file -> wanted.test(file.getFileName().toString()))
                    .toList();
            Files.createDirectories(to);
            for (Path file : files) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
            return to;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
