// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor;

import dev.jacobian.tensor.cuda.GpuSurvey;
import dev.jacobian.tensor.cuda.libraries.CudaLibraries;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What this machine and this process have of what an NVIDIA GPU needs, found by trying: the driver is started, each device
 * opened and given the kernels, cuBLAS started. For {@link #obstacles()} files are looked at and nothing is loaded.
 *
 * <p>JCuda is optional: without it this works, and says what to add.
 *
 * @param jcuda JCuda's version; empty unless its classes and natives are on the path
 * @param driver the driver's library; its version is the greatest CUDA version that it supports, such as {@code 13.0}
 * @param cublas the cuBLAS that fits the driver
 * @param kernels the PTX version that the kernels are written in, such as {@code 7.0}
 * @param devices the devices that the driver shows, usable or not
 * @param missing what keeps a GPU from being used and how to mend it, a sentence each; JCuda first if that is missing
 */
public record Gpus(
        Optional<String> jcuda,
        Optional<Library> driver,
        Optional<Library> cublas,
        String kernels,
        List<Info> devices,
        List<String> missing) {
    /** Copies the lists. */
    public Gpus {
        devices = List.copyOf(devices);
        missing = List.copyOf(missing);
    }

    /**
     * A library of NVIDIA's.
     *
     * @param file where it is
     * @param version empty if it could not be started
     */
    public record Library(Path file, Optional<String> version) {
        @Override
        public String toString() {
            return version.map(number -> number + ", ").orElse("") + file;
        }
    }

    /**
     * A device.
     *
     * @param ordinal the N of {@code cuda:N}
     * @param name the model's
     * @param memory bytes of memory, what others use included
     * @param freeMemory bytes that are free now; empty if the device could not be opened
     * @param computeCapability such as {@code 9.0}
     * @param multiprocessors number of streaming multiprocessors
     * @param compileSeconds what the driver took to compile the kernels or to find them in its cache; empty if it failed
     */
    public record Info(
            int ordinal,
            String name,
            long memory,
            Optional<Long> freeMemory,
            String computeCapability,
            int multiprocessors,
            Optional<Double> compileSeconds) {
        /** Whether kernels can run on it. */
        public boolean usable() {
            return compileSeconds.isPresent();
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "cuda:%d %s, %.2f GiB%s, compute capability %s, %d multiprocessors",
                    ordinal,
                    name,
                    memory / 0x1p30,
                    freeMemory
                            .map(free -> String.format(Locale.ROOT, " (%.2f GiB free)", free / 0x1p30))
                            .orElse(""),
                    computeCapability,
                    multiprocessors);
        }
    }

    /** Looks and tries; takes a second or two where there is a device. Each device is let go again. */
    public static Gpus survey() {
        return GpuSurvey.take(CudaLibraries.find());
    }

    /**
     * What keeps a GPU from being used as far as files can tell, a sentence each; JCuda first if that is missing. Quick, and
     * nothing is loaded. An empty list does not promise a device.
     */
    public static List<String> obstacles() {
        return CudaLibraries.find().missing().stream()
                .map(CudaLibraries.Missing::toString)
                .toList();
    }

    /** Whether a device can compute. */
    public boolean usable() {
        return cublas.isPresent()
                && cublas.get().version().isPresent()
                && devices.stream().anyMatch(Info::usable);
    }

    /** The report as lines: what was found, then what is missing and how to get it. */
    public List<String> report() {
        List<String> lines = new ArrayList<>();
        devices.forEach(device -> lines.add(device.toString()));
        driver.ifPresent(library -> lines.add("driver for CUDA " + library));
        cublas.ifPresent(library -> lines.add("cuBLAS " + library));
        jcuda.ifPresent(version -> lines.add("JCuda " + version));
        lines.add("kernels in PTX " + kernels);
        missing.forEach(item -> lines.add("missing: " + item));
        return lines;
    }
}
