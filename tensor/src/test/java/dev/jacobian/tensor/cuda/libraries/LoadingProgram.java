// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import static org.assertj.core.api.Assertions.assertThat;

import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.cuda.driver.CudaException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import jcuda.driver.JCudaDriver;

/**
 * A program that loads everything from one folder, twice, and prints how that went; run in a process of its own, because a
 * process has one first load. It runs on the class path, so that way is tested too. Without a folder it loads what the
 * product finds on this machine. With a second argument it ends with a mistake that a driver notes.
 */
final class LoadingProgram {
    private LoadingProgram() {}

    public static void main(String[] arguments) {
        System.out.println("cpu " + Backends.cpu().name().replaceAll("[0-9]", ""));
        CudaLibraries found = arguments[0].isEmpty()
                ? CudaLibraries.find()
                : CudaLibraries.find(new LibrarySearch(Path.of("/no-root"), Map.of(), arguments[0]));
        for (int attempt = 0; attempt < 2; attempt++) {
            try {
                System.out.println("loaded " + CudaLoader.cublas(found).file().getFileName());
            } catch (CudaException failure) {
                System.out.println("refused: " + failure.getMessage());
            }
        }
        if (arguments.length > 1) {
            System.out.println("a wait without a context gives " + JCudaDriver.cuCtxSynchronize());
        }
    }

    /**
     * Runs it.
     *
     * @param libraries the folder to load from; an empty path for none in particular
     * @param jars whether a jar, by its name, is on the path
     * @param environment variables for it
     * @return what it printed about loading
     */
    static List<String> run(Path libraries, Predicate<String> jars, Map<String, String> environment)
            throws IOException, InterruptedException {
        Ended ended = end(List.of(libraries.toString()), jars, environment);
        assertThat(ended.exit()).as(ended.lines().toString()).isZero();
        assertThat(ended.lines()).contains("cpu vector-");
        return ended.lines().stream()
                .filter(line -> line.startsWith("loaded ") || line.startsWith("refused: "))
                .toList();
    }

    /**
     * A process that has ended.
     *
     * @param exit its exit code
     * @param lines what it printed
     */
    record Ended(int exit, List<String> lines) {}

    /** Runs it with these arguments. */
    static Ended end(List<String> arguments, Predicate<String> jars, Map<String, String> environment)
            throws IOException, InterruptedException {
        Path target = Path.of(System.getProperty("basedir", "."), "target").toAbsolutePath();
        String path = Stream.concat(
                        Stream.of(target.resolve("classes"), target.resolve("test-classes"))
                                .map(Path::toString),
                        Stream.of("jdk.module.path", "java.class.path")
                                .flatMap(property -> Arrays.stream(
                                        System.getProperty(property, "").split(File.pathSeparator)))
                                .filter(entry -> entry.endsWith(".jar")
                                        && jars.test(
                                                Path.of(entry).getFileName().toString())))
                .distinct()
                .collect(Collectors.joining(File.pathSeparator));
        Path output = Files.createTempFile("loading", ".txt");
        try {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m",
                    "-XX:+UseSerialGC",
                    "--add-modules=jdk.incubator.vector",
                    "--enable-native-access=ALL-UNNAMED",
                    "-cp",
                    path,
                    LoadingProgram.class.getName()));
            command.addAll(arguments);
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            if (!process.waitFor(2, TimeUnit.MINUTES)) {
                process.destroyForcibly();
            }
            return new Ended(process.waitFor(), Files.readAllLines(output));
        } finally {
            Files.delete(output);
        }
    }
}
