// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.io;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Where tests find their files. */
public final class TestFiles {
    private TestFiles() {}

    /** The repository's {@code testdata} folder. */
    public static Path testdata() {
        String property = System.getProperty("jacobian.testdata");
        if (property != null && Files.isDirectory(Path.of(property))) {
            return Path.of(property);
        }
        for (Path at = Path.of("").toAbsolutePath(); at != null; at = at.getParent()) {
            if (Files.isDirectory(at.resolve("testdata"))) {
                return at.resolve("testdata");
            }
        }
        throw new IllegalStateException("no testdata folder here or above; run the tests inside the repository");
    }

    /** A folder of oracles that cannot be published with the repository, if it is there. */
    public static Optional<Path> shared(String name) {
        return Optional.ofNullable(System.getProperty("jacobian.shared"))
                .map(root -> Path.of(root).resolve(name))
                .filter(Files::isDirectory);
    }
}
