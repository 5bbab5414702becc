// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.emulation;

import static dev.jacobian.tensor.cuda.emulation.KernelSources.sha256;
import static java.nio.charset.StandardCharsets.UTF_8;

import dev.jacobian.tensor.cuda.libraries.ElfImage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Builds the emulated device with g++: a {@code libcuda.so.1} that holds the fake driver and the kernels, compiled for the
 * CPU with the emulation, a {@code libcublas.so.13} and its companion.
 *
 * <p>Run as a program, in the module's folder, it prints the folder they are in. What was built last is also at {@value
 * #LINK}. A process that is started with {@code -D}{@value LibrarySearch#PROPERTY}{@code =DIR} or with {@code
 * LD_LIBRARY_PATH=DIR}, for either folder, runs on the emulated device with nothing of it changed; so do other modules'
 * tests. Its environment sets what {@link FakeDriver} sets here:
 *
 * <ul>
 *   <li>{@code JACOBIAN_EMULATION_MODE}: {@code lazy} or {@code eager}
 *   <li>{@code JACOBIAN_EMULATION_ORDER}: {@code forward}, {@code reverse} or {@code random}
 *   <li>{@code JACOBIAN_EMULATION_FAULTS}: {@code print}s mistakes on standard error; {@code fatal} also ends the process,
 *       with exit code 86
 *   <li>{@code JACOBIAN_EMULATION_MEMORY}: bytes of each device; {@code _DEVICES}: how many; {@code _THREADS}: that run
 *       kernels
 *   <li>{@code JACOBIAN_EMULATION_REFUSE}: answers of single calls, as {@code FUNCTION:PASSING:CODE[:TIMES]} with commas between them,
 *       such as {@code cuDevicePrimaryCtxRetain:0:46} for a busy device
 *   <li>{@code JACOBIAN_EMULATION_LOSE_AFTER}: launches until the device is lost; {@code _DRIVER_VERSION}: such as 12040
 * </ul>
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Each source is an object file named by a hash of all that goes in, compiled once, several at a time: a change of
 *       one kernel compiles one file. A .cu file is therefore whole by itself.
 *   <li>Contraction is off, as on the device: only what the source calls fmaf is fused.
 *   <li>Compiled for this processor, whose fmaf is an instruction; the flags that this means are part of the hash.
 *   <li>Every function that JCuda's natives import and that the sources do not define becomes a weak stub that reports its
 *       own name: a real library defines them all, and an undefined one would end the JVM at its first call.
 * </ul>
 */
public final class FakeDriverBuild {
    /** Where the libraries that were built last are, from the module's folder. */
    public static final String LINK = "target/emulated-cuda";

    private static final List<String> FLAGS = List.of(
            "-std=c++17",
            "-O2",
            "-march=native",
            "-g1",
            "-fPIC",
            "-pthread",
            "-fvisibility=hidden",
            "-ffp-contract=off",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unknown-pragmas");

    private final Path module;
    private final Path work;

    /** Builds this module's. */
    FakeDriverBuild() {
        this(KernelSources.MODULE);
    }

    private FakeDriverBuild(Path module) {
        this.module = module;
        this.work = module.resolve("target/emulation");
    }

    /** Builds and prints the folder; a copy of the libraries goes to the folder that is named, if one is. */
    public static void main(String[] arguments) throws IOException {
        Path folder = new FakeDriverBuild().build();
        if (arguments.length > 0) {
            Path copy = Files.createDirectories(Path.of(arguments[0]));
            for (Path library : list(folder, name -> true)) {
                Files.copy(library, copy.resolve(library.getFileName()), StandardCopyOption.REPLACE_EXISTING);
            }
            folder = copy;
        }
        System.out.println(folder.toAbsolutePath());
    }

    /** A source and the name of its object file. */
    private record Unit(Path source, Path object) {}

    /** The folder with the libraries; built unless it is there. */
    Path build() throws IOException {
        Files.createDirectories(work.resolve("objects"));
        // Two test JVMs may come here at once.
        try (FileChannel channel =
                        FileChannel.open(work.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
                FileLock lock = channel.lock()) {
            assert lock.isValid();
            String tools = Tools.run(List.of("g++", "--version"))
                    + Tools.run(List.of("g++", "-march=native", "-Q", "--help=target"))
                    + String.join(" ", FLAGS);
            List<Unit> driver = driverUnits(tools);
            List<Unit> cublas = cublasUnits(tools);
            List<Unit> companion = units(list(cpp("fakecuda"), "cublaslt.cpp"::equals), tools);
            String names = Stream.of(driver, cublas, companion)
                    .flatMap(List::stream)
                    .map(unit -> unit.object().getFileName().toString())
                    .reduce("", (all, name) -> all + name + '\n');
            Path finished = work.resolve(sha256(names.getBytes(UTF_8)).substring(0, 16));
            if (!Files.isDirectory(finished)) {
                List<Unit> all = new ArrayList<>(driver);
                all.addAll(cublas);
                all.addAll(companion);
                compile(all);
                Path draft = Files.createTempDirectory(work, "draft-");
                link(draft, "libcuda.so.1", driver, List.of());
                String exports = "-Wl,--version-script=" + cpp("fakecuda").resolve("cublas.map");
                link(
                        draft,
                        "libcublas.so.13",
                        cublas,
                        List.of(exports, draft.resolve("libcuda.so.1").toString()));
                link(draft, "libcublasLt.so.13", companion, List.of());
                Files.move(draft, finished, StandardCopyOption.ATOMIC_MOVE);
            }
            point(finished);
            return finished;
        }
    }

    private Path cpp(String folder) {
        return module.resolve("src/test/cpp").resolve(folder);
    }

    /** The fake driver, the emulation, every kernel there is, and stubs. */
    private List<Unit> driverUnits(String tools) throws IOException {
        List<Path> sources =
                new ArrayList<>(list(cpp("fakecuda"), name -> name.endsWith(".cpp") && !name.startsWith("cublas")));
        sources.addAll(list(cpp("emulation"), name -> name.endsWith(".cpp") || name.endsWith(".cu")));
        sources.addAll(list(cpp("probe"), name -> name.endsWith(".cu")));
        sources.addAll(list(KernelSources.CUDA, name -> name.endsWith(".cu")));
        sources.add(stubs("libJCudaDriver-12.6.0-linux-x86_64.so", "cu[A-Z]\\w*", "fakecuda_unimplemented"));
        return units(sources, tools);
    }

    private List<Unit> cublasUnits(String tools) throws IOException {
        List<Path> sources = new ArrayList<>(list(cpp("fakecuda"), "cublas.cpp"::equals));
        sources.add(stubs("libJCublas2-12.6.0-linux-x86_64.so", "cublas[A-Z]\\w*", "fakecublas_unimplemented"));
        return units(sources, tools);
    }

    private List<Unit> units(List<Path> sources, String tools) throws IOException {
        List<Path> headers = new ArrayList<>();
        for (Path folder : List.of(KernelSources.CUDA, cpp("emulation"), cpp("fakecuda"))) {
            headers.addAll(list(folder, name -> name.endsWith(".h") || name.endsWith(".cuh") || name.endsWith(".map")));
        }
        String shared = tools + KernelSources.hash(headers, "");
        List<Unit> units = new ArrayList<>();
        for (Path source : sources) {
            String hash = KernelSources.hash(List.of(source), shared).substring(0, 16);
            String name = source.getFileName().toString();
            units.add(new Unit(source, work.resolve("objects").resolve(name + "-" + hash + ".o")));
        }
        return units;
    }

    private void compile(List<Unit> units) {
        List<Callable<Void>> tasks = new ArrayList<>();
        for (Unit unit : units) {
            if (!Files.exists(unit.object())) {
                tasks.add(() -> {
                    compile(unit);
                    return null;
                });
            }
        }
        try (ExecutorService executor =
                Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
            for (Future<Void> result : executor.invokeAll(tasks)) {
                result.get();
            }
        } catch (ExecutionException failure) {
            throw new AssertionError(failure.getCause().getMessage(), failure);
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            throw new AssertionError("interrupted while g++ ran", interrupt);
        }
    }

    private void compile(Unit unit) throws IOException {
        Path unfinished = Path.of(unit.object() + ".tmp");
        List<String> command = new ArrayList<>(List.of("g++"));
        command.addAll(FLAGS);
        for (Path folder : List.of(KernelSources.CUDA, cpp("emulation"))) {
            command.addAll(List.of("-I", folder.toString()));
        }
        command.addAll(List.of("-x", "c++", "-c", unit.source().toString(), "-o", unfinished.toString()));
        Tools.run(command);
        Files.move(unfinished, unit.object(), StandardCopyOption.ATOMIC_MOVE);
    }

    private static void link(Path folder, String library, List<Unit> units, List<String> more) {
        List<String> command = new ArrayList<>(List.of("g++", "-shared", "-pthread", "-Wl,-soname," + library));
        command.addAll(List.of("-o", folder.resolve(library).toString()));
        units.forEach(unit -> command.add(unit.object().toString()));
        command.addAll(more);
        Tools.run(command);
    }

    /** Makes the link lead to what was built, at no moment to nothing. */
    private void point(Path finished) throws IOException {
        Path link = module.resolve(LINK);
        if (Files.isSymbolicLink(link) && Files.readSymbolicLink(link).equals(relative(link, finished))) {
            return;
        }
        Path unfinished = work.resolve("link.tmp");
        Files.deleteIfExists(unfinished);
        Files.createSymbolicLink(unfinished, relative(link, finished));
        Files.move(unfinished, link, StandardCopyOption.ATOMIC_MOVE);
    }

    private static Path relative(Path link, Path target) {
        return link.getParent().relativize(target);
    }

    /** A source with a stub for every function that a library of JCuda's imports. */
    private Path stubs(String natives, String pattern, String report) throws IOException {
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
        byte[] bytes = text.toString().getBytes(UTF_8);
        Path file = work.resolve(report + "-" + sha256(bytes).substring(0, 16) + ".cpp");
        try {
            Files.write(file, bytes, StandardOpenOption.CREATE_NEW);
        } catch (FileAlreadyExistsException sameText) {
            // its name is its hash
        }
        return file;
    }

    /** A native library from JCuda's jars, which are on the tests' path. */
    public static byte[] natives(String file) throws IOException {
        try (InputStream in = ClassLoader.getSystemResourceAsStream("lib/" + file)) {
            if (in == null) {
                throw new IOException(file + " is not on the path");
            }
            return in.readAllBytes();
        }
    }

    private static List<Path> list(Path folder, Predicate<String> wanted) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> wanted.test(file.getFileName().toString()))
                    .sorted()
                    .toList();
        }
    }
}
