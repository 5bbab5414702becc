// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.sun.management.OperatingSystemMXBean;
import java.lang.management.ManagementFactory;
import java.util.List;
import java.util.Optional;

/** Facts about the JVM that decide whether results can be trusted and what fits. */
final class JavaRuntime {
    private static final int[] REQUIRED = {25, 0, 3};

    private JavaRuntime() {}

    /** Such as {@code 25.0.3}. */
    static String version() {
        return numbers(Runtime.version());
    }

    /** What is wrong with this JVM, with the remedy. */
    static Optional<String> problem() {
        return problem(Runtime.version());
    }

    static Optional<String> problem(Runtime.Version version) {
        List<Integer> found = version.version();
        for (int i = 0; i < REQUIRED.length; i++) {
            int number = i < found.size() ? found.get(i) : 0;
            if (number > REQUIRED[i]) {
                return Optional.empty();
            }
            if (number < REQUIRED[i]) {
                return Optional.of("JDK " + numbers(version)
                        + " may corrupt arrays under the G1 collector (JDK-8377811);" + " install 25.0.3 or later");
            }
        }
        return Optional.empty();
    }

    /** Whether the JVM was started with an option that Jacobian does not support. */
    static boolean usesCompactObjectHeaders() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().contains("-XX:+UseCompactObjectHeaders");
    }

    /** Memory of the machine, or of the container if that is less, in bytes. */
    static Optional<Long> physicalMemory() {
        return ManagementFactory.getOperatingSystemMXBean() instanceof OperatingSystemMXBean system
                ? Optional.of(system.getTotalMemorySize())
                : Optional.empty();
    }

    private static String numbers(Runtime.Version version) {
        return String.join(".", version.version().stream().map(String::valueOf).toList());
    }
}
