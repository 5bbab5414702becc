// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * What of NVIDIA's software and hardware is there. Looks at files and asks {@code nvidia-smi}; loads nothing into this
 * process.
 *
 * @param gpus one line per GPU: name, memory, driver
 * @param driverLibrary libcuda, which comes with the driver
 * @param cublas libcublas, which comes with the CUDA toolkit
 */
record GpuProbe(List<String> gpus, Optional<Path> driverLibrary, Optional<Path> cublas) {
    private static final List<String> FOLDERS = List.of(
            "/usr/lib/x86_64-linux-gnu",
            "/usr/lib/aarch64-linux-gnu",
            "/usr/lib64",
            "/usr/lib/wsl/lib",
            "/usr/local/cuda/lib64",
            "/usr/local/nvidia/lib64");

    static GpuProbe measure() {
        return new GpuProbe(askDriver(), find("libcuda.so"), find("libcublas.so"));
    }

    private static List<String> askDriver() {
        try {
            Process process = new ProcessBuilder(
                            "nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            process.getOutputStream().close();
            if (!process.waitFor(10, TimeUnit.SECONDS)) { // a few lines fit into the pipe, so it cannot block on us
                process.destroyForcibly();
                return List.of();
            }
            try (InputStream output = process.getInputStream()) {
                String text = new String(output.readAllBytes(), StandardCharsets.UTF_8);
                return process.exitValue() == 0
                        ? text.lines()
                                .map(String::strip)
                                .filter(line -> !line.isEmpty())
                                .toList()
                        : List.of();
            }
        } catch (IOException e) {
            return List.of(); // there is no nvidia-smi
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return List.of();
        }
    }

    private static Optional<Path> find(String prefix) {
        List<String> folders = new ArrayList<>(Arrays.asList(
                System.getenv().getOrDefault("LD_LIBRARY_PATH", "").split(File.pathSeparator)));
        folders.addAll(FOLDERS);
        for (String folder : folders) {
            if (folder.isEmpty() || !Files.isDirectory(Path.of(folder))) {
                continue;
            }
            try (Stream<Path> files = Files.list(Path.of(folder))) {
                Optional<Path> found = files.filter(
                                file -> file.getFileName().toString().startsWith(prefix))
                        .sorted()
                        .findFirst();
                if (found.isPresent()) {
                    return found;
                }
            } catch (IOException e) {
                continue; // a folder that cannot be read offers nothing
            }
        }
        return Optional.empty();
    }
}
