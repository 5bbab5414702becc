// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;

/**
 * The kernels compiled for the CPU, as a shared library under {@code target/}.
 *
 * <p>Built once for a state of the sources: the file's name has the hash of everything it was made from. Without g++ the
 * tests are skipped with a message; {@code -Djacobian.gpu.emulation=required} makes that a failure.
 */
final class EmulationLibrary {
    /** Contraction off: only what the source calls fmaf may be fused, as on the device. */
    private static final List<String> FLAGS = List.of(
            "-std=c++17",
            "-O2",
            "-g1",
            "-fPIC",
            "-shared",
            "-pthread",
            "-ffp-contract=off",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-Wno-unknown-pragmas");

    private static Path built;

    private EmulationLibrary() {}

    /** The library's path, building it if it is not there. */
    static synchronized Path get() {
        if (built == null) {
            Optional<String> compiler = Tools.firstLine("g++", "--version");
            if (!Tools.onLinuxX86() || compiler.isEmpty()) {
                String message = "the kernels cannot be tested on the emulated device: "
                        + (Tools.onLinuxX86() ? "no g++ found; install one" : "that is for Linux x86-64");
                if ("required".equals(System.getProperty("jacobian.gpu.emulation"))) {
                    throw new AssertionError(message + " (-Djacobian.gpu.emulation=required forbids skipping)");
                }
                Assumptions.abort(message);
            }
            built = build(compiler.orElseThrow());
        }
        return built;
    }

    private static Path build(String compiler) {
        try {
            List<Path> sources = new ArrayList<>(KernelSources.cuda());
            sources.addAll(KernelSources.emulation());
            String hash = KernelSources.hash(sources, compiler + " " + String.join(" ", FLAGS));
            Path folder = Files.createDirectories(KernelSources.MODULE.resolve("target/emulation"));
            Path library = folder.resolve("emulation-" + hash.substring(0, 16) + ".so");
            if (!Files.exists(library)) {
                Path unfinished = Files.createTempFile(folder, "emulation-", ".tmp");
                List<String> command = new ArrayList<>(List.of("g++"));
                command.addAll(FLAGS);
                command.addAll(List.of("-I", KernelSources.CUDA.toString(), "-I", KernelSources.EMULATION.toString()));
                command.addAll(List.of("-o", unfinished.toString()));
                KernelSources.emulation().stream()
                        .map(Path::toString)
                        .filter(name -> name.endsWith(".cpp"))
                        .forEach(command::add);
                Tools.run(command);
                Files.move(unfinished, library, StandardCopyOption.ATOMIC_MOVE);
            }
            return library;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
