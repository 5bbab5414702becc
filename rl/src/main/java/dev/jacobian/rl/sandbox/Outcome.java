// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * What became of a run.
 *
 * @param ending how it ended
 * @param exitCode what it returned; 128 + N when signal N ended it, also where a limit's signal did
 * @param stdout what it wrote to standard output, as bytes; cut at the limit
 * @param stderr what it wrote to standard error: the beginning and the end where it was much
 * @param cpuSeconds the processor's time that it was last seen with (it is looked at every few milliseconds)
 * @param wallSeconds time by the clock, the sandbox's own start included
 * @param peakMemoryBytes the most memory that it was seen with
 */
public record Outcome(
        Ending ending,
        int exitCode,
        byte[] stdout,
        byte[] stderr,
        double cpuSeconds,
        double wallSeconds,
        long peakMemoryBytes) {

    /** Whether it ended by itself and returned 0. */
    public boolean succeeded() {
        return ending == Ending.EXITED && exitCode == 0;
    }

    /** Standard output as UTF-8; what is no UTF-8 becomes U+FFFD. */
    public String stdoutText() {
        return new String(stdout, StandardCharsets.UTF_8);
    }

    /** Standard error as UTF-8; what is no UTF-8 becomes U+FFFD. */
    public String stderrText() {
        return new String(stderr, StandardCharsets.UTF_8);
    }

    /** One line for people, without anything that the program wrote. */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%s, exit code %d, %d bytes out, %.2f s of the processor, %.2f s, %.0f MiB",
                ending,
                exitCode,
                stdout.length,
                cpuSeconds,
                wallSeconds,
                peakMemoryBytes / 0x1p20);
    }

    /** The same under another ending. */
    Outcome as(Ending other) {
        return new Outcome(other, exitCode, stdout, stderr, cpuSeconds, wallSeconds, peakMemoryBytes);
    }
}
