// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.util.Optional;

/** Facts about the JVM that decide whether results can be trusted. */
final class JavaRuntime {
    private static final Runtime.Version REQUIRED = Runtime.Version.parse("25.0.3");

    private JavaRuntime() {}

    /** Such as {@code 25.0.3}. */
    static String version() {
        return Runtime.version().toString().replaceAll("[+-].*", "");
    }

    /** What is wrong with this JVM, with the remedy. */
    static Optional<String> problem() {
        return problem(Runtime.version());
    }

    static Optional<String> problem(Runtime.Version version) {
        // compareToIgnoreOptional orders by number, pre-release and build; only the numbers matter here
        if (Runtime.Version.parse(version.version().stream().map(String::valueOf).reduce((a, b) -> a + "." + b).orElseThrow())
                        .compareTo(REQUIRED)
                < 0) {
            return Optional.of("JDK " + version + " is older than 25.0.3 and may corrupt arrays under the G1 collector"
                    + " (JDK-8377811); install 25.0.3 or later");
        }
        return Optional.empty();
    }
}
