// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * The {@code jacobian} command in a process of its own on the emulated GPU: a driver is loaded once in a process, and a lost
 * device stays lost.
 *
 * <p>Mistakes that the emulated driver sees end the process, with exit code 86.
 */
final class DeviceProcess {
    private static final String PROPERTY = "jacobian.cuda.libraries";
    private static final long LIMIT_SECONDS = 180;

    private final Path scratch;
    private final Map<String, String> environment = new TreeMap<>(Map.of(
            "JACOBIAN_EMULATION_MODE",
            "lazy",
            "JACOBIAN_EMULATION_ORDER",
            "random",
            "JACOBIAN_EMULATION_FAULTS",
            "fatal"));
    private final List<String> options = new ArrayList<>();
    private Predicate<Path> jars = jar -> true;
    private Path libraries = emulated();

    private DeviceProcess(Path scratch) {
        this.scratch = scratch;
    }

    /**
     * A command to be set up and run.
     *
     * @param scratch where its output goes
     */
    static DeviceProcess in(Path scratch) {
        return new DeviceProcess(scratch);
    }

    /** Skips the test without an emulated GPU; {@code -Djacobian.gpu.emulation=required} makes that a failure. */
    static void requireEmulation() {
        Path driver = emulated().resolve("libcuda.so.1");
        if ("required".equals(System.getProperty("jacobian.gpu.emulation"))) {
            assertThat(driver).exists();
        }
        Assumptions.assumeTrue(
                Files.exists(driver),
                () -> "skipped: there is no " + driver + "; the tests of the tensor module build it (g++)");
    }

    static Path emulated() {
        return Path.of(System.getProperty(PROPERTY, ""));
    }

    /** Sets {@code JACOBIAN_EMULATION_NAME}. */
    DeviceProcess with(String name, Object value) {
        environment.put("JACOBIAN_EMULATION_" + name, value.toString());
        return this;
    }

    /** Adds an option of the JVM. */
    DeviceProcess option(String option) {
        options.add(option);
        return this;
    }

    /** Keeps only some jars on the module path. */
    DeviceProcess jars(Predicate<Path> kept) {
        jars = kept;
        return this;
    }

    /** Looks for NVIDIA's libraries in another folder. */
    DeviceProcess libraries(Path folder) {
        libraries = folder;
        return this;
    }

    /** Runs to the end. */
    Run run(Object... arguments) throws IOException, InterruptedException {
        return end(start(arguments));
    }

    /** Waits for the end of what was {@linkplain #start started}. */
    Run end(Process process) throws IOException, InterruptedException {
        try {
            assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS))
                    .as("ended within " + LIMIT_SECONDS + " s")
                    .isTrue();
        } finally {
            process.destroyForcibly();
        }
        // The JVM's own word, whatever the command does.
        String err = Files.readString(scratch.resolve("err"))
                .lines()
                .filter(line -> !line.equals("WARNING: Using incubator modules: jdk.incubator.vector"))
                .map(line -> line + "\n")
                .collect(Collectors.joining());
        return new Run(process.exitValue(), Files.readString(scratch.resolve("out")), err);
    }

    /** Starts, for a test that does something to it while it runs. */
    Process start(Object... arguments) throws IOException {
        List<String> path = path().filter(entry -> jars.test(Path.of(entry))).toList();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xmx512m", "-XX:+UseSerialGC"));
        command.add("-D" + PROPERTY + "=" + libraries);
        command.addAll(options);
        if (path.stream().anyMatch(entry -> entry.contains("jcublas-1"))) {
            command.addAll(List.of(
                    "--add-modules",
                    "jcuda,jcublas,java.logging",
                    "--enable-native-access=dev.jacobian.tensor,jcuda,jcublas"));
        }
        command.addAll(List.of("-p", String.join(File.pathSeparator, path)));
        command.addAll(List.of("-m", "dev.jacobian.cli/dev.jacobian.cli.Main"));
        Arrays.stream(arguments).map(Object::toString).forEach(command::add);
        ProcessBuilder builder = new ProcessBuilder(command)
                .redirectOutput(scratch.resolve("out").toFile())
                .redirectError(scratch.resolve("err").toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }

    /** The command's modules, and JCuda's natives, which Surefire leaves on the class path since no module asks for them. */
    private static Stream<String> path() {
        String modules = System.getProperty("jdk.module.path");
        Assumptions.assumeTrue(modules != null, "skipped: these tests start the command from a module path");
        return Stream.concat(
                        entries(modules),
                        entries(System.getProperty("java.class.path")).filter(entry -> entry.contains("-natives-")))
                .distinct();
    }

    private static Stream<String> entries(String path) {
        return Arrays.stream(path.split(File.pathSeparator));
    }
}
