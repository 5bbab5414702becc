// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Runs in a JVM of their own, which a test may kill, and what can be seen of them from outside. */
public final class RunProcess {
    private RunProcess() {}

    /** Starts a test program; what it prints is added to a log. */
    public static Process start(Class<?> program, Path log, Object... arguments) throws IOException {
        return of(program, arguments)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    /**
     * A test program in a JVM like this one.
     *
     * @param program a class of this module's tests with a main method
     */
    public static ProcessBuilder of(Class<?> program, Object... arguments) {
        String tests = Path.of("target", "test-classes").toAbsolutePath().toString();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules",
                "jdk.incubator.vector",
                "-Djacobian.testdata=" + System.getProperty("jacobian.testdata"),
                "-cp",
                String.join(
                        File.pathSeparator,
                        tests,
                        System.getProperty("jdk.module.path", ""),
                        System.getProperty("java.class.path")),
                program.getName()));
        for (Object argument : arguments) {
            command.add(argument.toString());
        }
        return new ProcessBuilder(command);
    }

    /** How many lines a run's metrics have; 0 before the first. */
    public static int lines(Path run) throws IOException {
        Path file = run.resolve("metrics.jsonl");
        return Files.exists(file) ? Files.readString(file).split("\n", -1).length : 0;
    }

    /** Whether a checkpoint is being written. */
    public static boolean isWritingCheckpoint(Path run) {
        String[] temporary = run.toFile().list((directory, name) -> name.startsWith(".checkpoint-"));
        return temporary != null && temporary.length > 0;
    }
}
