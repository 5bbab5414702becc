// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh;

import java.nio.file.Path;

/** Where things are, in the process that runs the suites and in its forks alike. */
public final class Folders {
    /** System property with the root of the checkout; the working folder without it. */
    public static final String PROPERTY = "jacobian.bench.root";

    private Folders() {}

    /** The root of the checkout. */
    public static Path root() {
        return Path.of(System.getProperty(PROPERTY, "."));
    }

    /** For what benchmarks make once and keep: checkpoints. */
    public static Path scratch() {
        return root().resolve("jmh/target/scratch");
    }

    /** Where jmh/bench puts peers that are not Java. */
    public static Path peers() {
        return root().resolve("jmh/target/peers");
    }
}
