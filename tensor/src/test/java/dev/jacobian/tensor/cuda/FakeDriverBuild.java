// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Builds the fake driver, a {@code libcuda.so.1}, a {@code libcublas.so.13} and its companion, from {@code src/test/cpp} with
 * g++, into a folder under {@code target} that is named by a hash of everything that goes in.
 *
 * <p>Every function that JCuda's natives import and that the sources do not define becomes a weak stub that reports its own
 * name: a real library defines them all, and an undefined one would end the JVM at its first call.
 */
final class FakeDriverBuild {
    private static final long MINUTES = 10;
    private static final List<String> FLAGS =
            List.of("g++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-fPIC", "-fvisibility=hidden", "-shared");

    private final Path sources =
            Path.of(System.getProperty("basedir", "."), "src", "test", "cpp").toAbsolutePath();
    private final Path target =
            Path.of(System.getProperty("basedir", "."), "target", "fake-cuda").toAbsolutePath();
    private final String kernels;

    /**
     * @param kernels folder under {@code src/test/cpp} whose sources define what {@code emulator.h} declares
     */
    FakeDriverBuild(String kernels) {
        this.kernels = kernels;
    }

    /** Whether there is a compiler. */
    static boolean hasCompiler() {
        for (String folder : System.getenv().getOrDefault("PATH", "").split(":")) {
            if (!folder.isEmpty() && Files.isExecutable(Path.of(folder, "g++"))) {
                return true;
            }
        }
        return false;
    }

    /** The folder with the libraries; built unless it is there. */
    Path build() throws IOException, InterruptedException {
        Map<String, byte[]> inputs = inputs();
        Path finished = target.resolve(hash(inputs));
        Files.createDirectories(target);
        // Two test JVMs may come here at once.
        try (FileChannel channel =
                        FileChannel.open(target.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            if (lock.isValid() && !Files.isDirectory(finished)) {
                Path draft = Files.createTempDirectory(target, "draft-");
                compile(draft, inputs);
                Files.move(draft, finished, StandardCopyOption.ATOMIC_MOVE);
            }
        }
        return finished;
    }

    private void compile(Path folder, Map<String, byte[]> inputs) throws IOException, InterruptedException {
        Path driverStubs = Files.write(folder.resolve("driver-stubs.cpp"), inputs.get("driver-stubs.cpp"));
        Path cublasStubs = Files.write(folder.resolve("cublas-stubs.cpp"), inputs.get("cublas-stubs.cpp"));
        Path fake = sources.resolve("fakecuda");

        List<String> driver = new ArrayList<>(FLAGS);
        driver.addAll(List.of("-o", folder.resolve("libcuda.so.1").toString(), "-Wl,-soname,libcuda.so.1"));
        for (Path source : list(fake, file -> !file.startsWith("cublas"))) {
            driver.add(source.toString());
        }
        for (Path source : list(sources.resolve(kernels), file -> true)) {
            driver.add(source.toString());
        }
        driver.addAll(List.of(driverStubs.toString(), "-lpthread"));
        run(folder, driver);

        List<String> cublas = new ArrayList<>(FLAGS);
        cublas.addAll(List.of(
                "-o",
                folder.resolve("libcublas.so.13").toString(),
                "-Wl,-soname,libcublas.so.13",
                "-Wl,--version-script=" + fake.resolve("cublas.map"),
                fake.resolve("cublas.cpp").toString(),
                cublasStubs.toString(),
                folder.resolve("libcuda.so.1").toString()));
        run(folder, cublas);

        List<String> companion = new ArrayList<>(FLAGS);
        companion.addAll(List.of(
                "-o",
                folder.resolve("libcublasLt.so.13").toString(),
                "-Wl,-soname,libcublasLt.so.13",
                fake.resolve("cublaslt.cpp").toString()));
        run(folder, companion);
    }

    private static void run(Path folder, List<String> command) throws IOException, InterruptedException {
        Path log = folder.resolve("g++.log");
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        if (!process.waitFor(MINUTES, TimeUnit.MINUTES)) {
            process.destroyForcibly();
            throw new IOException("g++ did not end within " + MINUTES + " minutes: " + String.join(" ", command));
        }
        if (process.exitValue() != 0) {
            throw new IOException("g++ failed: " + String.join(" ", command) + "\n" + Files.readString(log));
        }
    }

    /** Everything that the libraries depend on, by name: sources, stubs, the compiler's command. */
    private Map<String, byte[]> inputs() throws IOException {
        Map<String, byte[]> inputs = new TreeMap<>();
        for (String folder : List.of("fakecuda", kernels)) {
            try (Stream<Path> files = Files.list(sources.resolve(folder))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    inputs.put(folder + "/" + file.getFileName(), Files.readAllBytes(file));
                }
            }
        }
        inputs.put("flags", String.join(" ", FLAGS).getBytes(StandardCharsets.UTF_8));
        inputs.put(
                "driver-stubs.cpp",
                stubs("libJCudaDriver-12.6.0-linux-x86_64.so", "cu[A-Z]\\w*", "fakecuda_unimplemented"));
        inputs.put(
                "cublas-stubs.cpp",
                stubs("libJCublas2-12.6.0-linux-x86_64.so", "cublas[A-Z]\\w*", "fakecublas_unimplemented"));
        return inputs;
    }

    private static byte[] stubs(String natives, String pattern, String report) throws IOException {
        StringBuilder text = new StringBuilder("extern \"C\" int " + report + "(const char *function);\n");
        Predicate<String> wanted = Pattern.compile(pattern).asMatchPredicate();
        new ElfImage(natives(natives), natives)
                .strings().stream()
                        .filter(wanted)
                        .sorted()
                        .distinct()
                        .forEach(name -> text.append("extern \"C\" __attribute__((weak, visibility(\"default\"))) int ")
                                .append(name)
                                .append("() { return ")
                                .append(report)
                                .append("(\"")
                                .append(name)
                                .append("\"); }\n"));
        return text.toString().getBytes(StandardCharsets.UTF_8);
    }

    /** A native library from JCuda's jars, which are on the tests' path. */
    static byte[] natives(String file) throws IOException {
        try (InputStream in = ClassLoader.getSystemResourceAsStream("lib/" + file)) {
            if (in == null) {
                throw new IOException(file + " is not on the path");
            }
            return in.readAllBytes();
        }
    }

    private static List<Path> list(Path folder, Predicate<String> wanted) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> {
                        String name = file.getFileName().toString();
                        return name.endsWith(".cpp") && wanted.test(name);
                    })
                    .sorted()
                    .toList();
        }
    }

    private static String hash(Map<String, byte[]> inputs) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            inputs.forEach((name, bytes) -> {
                digest.update((name + '\0' + bytes.length + '\0').getBytes(StandardCharsets.UTF_8));
                digest.update(bytes);
            });
            return HexFormat.of().formatHex(digest.digest()).substring(0, 16);
        } catch (NoSuchAlgorithmException impossible) {
            throw new AssertionError(impossible); // every JDK has it
        }
    }
}
