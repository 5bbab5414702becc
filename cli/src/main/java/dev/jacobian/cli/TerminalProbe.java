// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jline.terminal.Size;

/**
 * What Java does not tell about a terminal: whether standard error is one, and how large it is. Asks the programs {@code
 * test} and {@code stty}, which every Unix has; where they are missing the answer is no.
 */
final class TerminalProbe {
    private static final long TIMEOUT_SECONDS = 2;

    private TerminalProbe() {}

    /** Whether standard error is a terminal, wherever standard input and output go. */
    static boolean errorIsTerminal() {
        return run(new ProcessBuilder("test", "-t", "2").redirectError(ProcessBuilder.Redirect.INHERIT))
                .isPresent();
    }

    /** Size of the terminal that this process runs in. */
    static Optional<Size> size() {
        return run(new ProcessBuilder("stty", "size").redirectInput(new File("/dev/tty")))
                .map(String::strip)
                .filter(answer -> answer.matches("\\d{1,5} \\d{1,5}"))
                .map(answer -> answer.split(" "))
                .map(numbers -> Size.of(Integer.parseInt(numbers[1]), Integer.parseInt(numbers[0])))
                .filter(size -> size.getRows() >= 3 && size.getColumns() >= 20);
    }

    /** What a program prints, if it can be run and ends well. */
    private static Optional<String> run(ProcessBuilder builder) {
        try {
            Process process = builder.start();
            try {
                process.getOutputStream().close();
                String answer = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
                boolean ended = process.waitFor(TIMEOUT_SECONDS, TimeUnit.SECONDS);
                return ended && process.exitValue() == 0 ? Optional.of(answer) : Optional.empty();
            } finally {
                process.destroy();
            }
        } catch (IOException e) {
            return Optional.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.empty();
        }
    }
}
