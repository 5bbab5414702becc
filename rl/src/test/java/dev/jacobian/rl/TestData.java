// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import java.nio.file.Files;
import java.nio.file.Path;

/** Finds committed fixtures. */
public final class TestData {
    private TestData() {}

    /**
     * A file below {@code testdata/}: by the system property that Maven sets, or upwards from the working directory.
     */
    public static Path file(String relative) {
        String root = System.getProperty("jacobian.testdata");
        if (root != null) {
            return Path.of(root, relative);
        }
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.isDirectory(folder.resolve("testdata"))) {
                return folder.resolve("testdata").resolve(relative);
            }
        }
        throw new IllegalStateException("no folder 'testdata' above the working directory; set -Djacobian.testdata");
    }
}
