// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;

/** Runs the compilers that may or may not be on this machine. */
public final class Tools {
    private Tools() {}

    /** The first line that a command prints, or nothing if there is no such command. */
    public static Optional<String> firstLine(String... command) {
        try {
            return run(List.of(command)).lines().findFirst();
        } catch (UncheckedIOException e) {
            return Optional.empty(); // the system could not start it
        }
    }

    /**
     * Runs a command to its end.
     *
     * @return what it printed on both streams
     * @throws UncheckedIOException if it cannot be started
     * @throws AssertionError if it fails
     */
    public static String run(List<String> command) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
                    .start();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8);
            int exit = process.waitFor();
            if (exit != 0) {
                throw new AssertionError(
                        String.join(" ", command) + "\nended with exit code " + exit + " and printed\n" + output);
            }
            return output;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while running " + command.getFirst(), e);
        }
    }

    /** Whether this is the one platform that JCuda has natives for; the emulated devices are built for it. */
    static boolean onLinuxX86() {
        return System.getProperty("os.name").equals("Linux")
                && System.getProperty("os.arch").equals("amd64");
    }
}
