// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;

/**
 * What a machine has of what a GPU needs: the report of the search, before anything is loaded.
 *
 * <p>All candidates are kept, not only the first: which cuBLAS fits is known only when the driver has told its version.
 *
 * @param jcuda version of JCuda's classes on the path; empty if they are missing
 * @param natives whether JCuda's native libraries are on the path
 * @param drivers candidates for {@code libcuda.so.1}, best first
 * @param cublas candidates for {@code libcublas.so}, by place; each has its {@code libcublasLt.so} beside it or is faulty
 * @param stopped why the search did not finish; empty if it did
 */
public record CudaLibraries(
        Optional<String> jcuda,
        boolean natives,
        List<FoundLibrary> drivers,
        List<FoundLibrary> cublas,
        String stopped) {
    /** The oldest cuBLAS whose functions JCuda's natives can be linked against. */
    static final int OLDEST_CUBLAS = 12;

    private static final long SECONDS = 10;

    /** Something missing, and how to get it. */
    public record Missing(String what, String remedy) {
        @Override
        public String toString() {
            return what + "; " + remedy;
        }
    }

    /** Looks on this machine; returns within {@value #SECONDS} seconds whatever state its file systems are in. */
    public static CudaLibraries find() {
        return find(LibrarySearch::here, SECONDS);
    }

    public static CudaLibraries find(Supplier<LibrarySearch> search, long seconds) {
        CompletableFuture<CudaLibraries> result = new CompletableFuture<>();
        Thread.ofPlatform().daemon().name("jacobian-cuda-search").start(() -> {
            try {
                result.complete(find(search.get()));
            } catch (RuntimeException | Error failure) {
                result.completeExceptionally(failure);
            }
        });
        try {
            return result.get(seconds, TimeUnit.SECONDS);
        } catch (TimeoutException stuck) {
            return stopped("a folder did not answer within " + seconds + " s: a network file system that is away?");
        } catch (ExecutionException failure) {
            return stopped(String.valueOf(failure.getCause()));
        } catch (InterruptedException interrupt) {
            Thread.currentThread().interrupt();
            return stopped("the search was interrupted");
        }
    }

    private static CudaLibraries stopped(String reason) {
        return new CudaLibraries(Optional.empty(), false, List.of(), List.of(), reason);
    }

    public static CudaLibraries find(LibrarySearch search) {
        Optional<String> jcuda = JcudaNatives.version();
        List<FoundLibrary> drivers = search.find("libcuda.so").stream()
                .filter(library -> library.major() == 1)
                .toList();
        List<FoundLibrary> companions = search.find("libcublasLt.so");
        List<FoundLibrary> cublas = search.find("libcublas.so").stream()
                .map(library -> checked(library, companions))
                .toList();
        return new CudaLibraries(jcuda, jcuda.isPresent() && JcudaNatives.present(), drivers, cublas, "");
    }

    private static FoundLibrary checked(FoundLibrary cublas, List<FoundLibrary> companions) {
        String fault = cublas.fault();
        if (cublas.usable() && cublas.major() < OLDEST_CUBLAS) {
            fault = "too old, CUDA " + OLDEST_CUBLAS + " or later is needed";
        } else if (cublas.usable()) {
            fault = companions.stream()
                    .filter(other -> other.file().equals(companion(cublas).file()))
                    .findFirst()
                    .map(FoundLibrary::fault)
                    .orElse("its companion libcublasLt.so." + cublas.major() + " is not beside it");
        }
        return new FoundLibrary(cublas.file(), cublas.origin(), cublas.major(), fault);
    }

    /** The library of kernels that a cuBLAS loads; beside it in every installation. */
    static FoundLibrary companion(FoundLibrary cublas) {
        return new FoundLibrary(
                cublas.file().resolveSibling("libcublasLt.so." + cublas.major()), cublas.origin(), cublas.major(), "");
    }

    /** The driver that will be loaded. */
    public Optional<FoundLibrary> driver() {
        return drivers.stream().filter(FoundLibrary::usable).findFirst();
    }

    /**
     * The cuBLAS for a driver: the first one that is no newer than the driver.
     *
     * @param cudaMajor the greatest CUDA version that the driver supports
     */
    Optional<FoundLibrary> cublasFor(int cudaMajor) {
        return cublas.stream()
                .filter(library -> library.usable() && library.major() <= cudaMajor)
                .findFirst();
    }

    /** What keeps a GPU from being used; empty if nothing does, as far as files can tell. */
    public List<Missing> missing() {
        List<Missing> missing = new ArrayList<>();
        if (!stopped.isEmpty()) {
            missing.add(
                    new Missing("the search for libraries stopped: " + stopped, "mount or unmount it, and try again"));
            return missing;
        }
        if (jcuda.isEmpty()) {
            missing.add(new Missing(
                    "JCuda is not on the path",
                    "add org.jcuda:jcuda:12.6.0 and org.jcuda:jcublas:12.6.0 with their natives; on the module path"
                            + " also --add-modules jcuda,jcublas,java.logging"));
        } else if (!natives) {
            missing.add(new Missing(
                    "JCuda's native libraries are not on the path",
                    "add org.jcuda:jcuda-natives:" + jcuda.get() + ":linux-x86_64 and org.jcuda:jcublas-natives:"
                            + jcuda.get() + ":linux-x86_64 (there are none for other machines)"));
        }
        if (driver().isEmpty()) {
            missing.add(new Missing(
                    "no usable NVIDIA driver (libcuda.so.1)" + faults(drivers),
                    "install it (Debian: apt install libcuda1, Ubuntu: apt install nvidia-driver-580-server); in a"
                            + " container start with --gpus all"));
        }
        if (cublas.stream().noneMatch(FoundLibrary::usable)) {
            missing.add(new Missing(
                    "no usable cuBLAS (libcublas.so." + OLDEST_CUBLAS + " or later)" + faults(cublas),
                    "pip install nvidia-cublas (CUDA 13) or nvidia-cublas-cu12, or set CUDA_HOME to a toolkit, or name"
                            + " its folder: -D" + LibrarySearch.PROPERTY + "=DIR"));
        }
        return missing;
    }

    private static String faults(List<FoundLibrary> libraries) {
        StringBuilder text = new StringBuilder();
        libraries.forEach(library -> text.append("; found ").append(library));
        return text.toString();
    }

    /** The report as lines: what was found and where, then what is missing and how to get it. */
    public List<String> lines() {
        List<String> lines = new ArrayList<>();
        jcuda.ifPresent(version -> lines.add("JCuda " + version + (natives ? " with natives" : " without natives")));
        drivers.forEach(library -> lines.add("driver " + library));
        cublas.forEach(library -> lines.add("cuBLAS " + library.major() + " " + library));
        missing().forEach(missing -> lines.add("missing: " + missing));
        return lines;
    }
}
