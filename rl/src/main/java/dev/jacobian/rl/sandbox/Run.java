// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.sandbox;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * One run: starts the command line, watches it, and says how it ended.
 *
 * <p>Standard input is a file, so a program that never reads it holds nobody up. {@link Diagnosis} names what came of it.
 */
final class Run {
    private final Launcher launcher;
    private final Launcher.Request request;

    Run(Launcher launcher, Launcher.Request request) {
        this.launcher = launcher;
        this.request = request;
    }

    /**
     * Runs to the end.
     *
     * @param limits the program's own, without what its language adds
     * @param program where the program sees its folder
     */
    Outcome execute(byte[] stdin, Limits limits, Language.Runtime runtime, String program) {
        try {
            Process process = start(stdin);
            Captured stdout = new Captured(process.getInputStream(), limits.outputBytes());
            Captured stderr = new Captured(process.getErrorStream(), limits.outputBytes());
            Watch watch = new Watch(process, request.limits(), stdout, stderr);
            Optional<Ending> limit = watch.await();
            double wall = watch.wallSeconds();
            stdout.finish();
            stderr.finish();
            String status = Files.exists(request.status()) ? Files.readString(request.status()) : "";
            int exitCode = limit.isPresent()
                    ? Diagnosis.KILLED
                    : exitCode(status, process, stderr).orElse(Diagnosis.KILLED);
            Outcome outcome = new Outcome(
                    Ending.EXITED,
                    exitCode,
                    stdout.bytes(),
                    stderr.bytes(),
                    watch.cpuSeconds(),
                    wall,
                    watch.peakMemory());
            return outcome.as(limit.orElseGet(() -> Diagnosis.ending(outcome, request.limits(), runtime, program)));
        } catch (IOException e) {
            throw new SandboxException("cannot run a program", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new SandboxException("interrupted while a program ran; it was ended", e);
        }
    }

    private Process start(byte[] stdin) throws IOException {
        Path input = request.folder().resolve("stdin");
        Files.write(input, stdin);
        ProcessBuilder builder = new ProcessBuilder(launcher.command(request))
                .redirectInput(ProcessBuilder.Redirect.from(input.toFile()));
        builder.directory(request.folder().toFile());
        builder.environment().clear();
        builder.environment().putAll(Launcher.ENVIRONMENT);
        return builder.start();
    }

    /** What the program returned; empty if the machine ended it from outside. */
    private OptionalInt exitCode(String status, Process process, Captured stderr) {
        if (!launcher.started(status)) {
            String said = new String(stderr.bytes(), StandardCharsets.UTF_8).strip();
            throw new SandboxException("the sandbox (" + launcher.isolation() + ") did not start: exit code "
                    + process.exitValue() + (said.isEmpty() ? "" : ", " + Tools.printable(said)));
        }
        return launcher.exitCode(status);
    }
}
