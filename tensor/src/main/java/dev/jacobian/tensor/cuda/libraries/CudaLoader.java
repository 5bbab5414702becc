// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda.libraries;

import static dev.jacobian.tensor.cuda.driver.CudaResult.check;

import dev.jacobian.tensor.Nullable;
import dev.jacobian.tensor.cuda.driver.CudaException;
import java.io.IOException;
import java.util.Objects;
import java.util.stream.Collectors;
import jcuda.driver.JCudaDriver;
import jcuda.jcublas.JCublas2;

/**
 * Loads NVIDIA's libraries and JCuda into the process, once.
 *
 * <p>NVIDIA's libraries are loaded by their full paths, each before what needs it. The dynamic linker then resolves the
 * names that JCuda's natives ask for to what is already there, wherever that lies, so no {@code LD_LIBRARY_PATH} is needed.
 *
 * <p>Two stages. The driver alone is enough to list devices, and only it can tell which CUDA version it supports; the
 * cuBLAS that fits that version comes second. A stage that failed before JCuda was touched can be tried again with other
 * libraries; after that the process keeps the failure and repeats it.
 */
public final class CudaLoader {
    private static @Nullable Driver driver;
    private static @Nullable FoundLibrary cublas;
    private static @Nullable CudaException broken;

    private CudaLoader() {}

    /**
     * The loaded driver.
     *
     * @param library what was loaded
     * @param version the greatest CUDA version that it supports, as 1000 · major + 10 · minor
     */
    public record Driver(FoundLibrary library, int version) {
        public int major() {
            return version / 1000;
        }

        @Override
        public String toString() {
            return "driver for CUDA " + major() + "." + version % 1000 / 10 + " at " + library;
        }
    }

    /**
     * Loads and starts the driver.
     *
     * @throws CudaException if something is missing or the driver refuses (no device, for one)
     */
    public static synchronized Driver driver(CudaLibraries found) {
        if (driver != null) {
            return driver;
        }
        throwIfBroken();
        if (found.jcuda().isEmpty() || !found.natives() || found.driver().isEmpty()) {
            throw missing(found);
        }
        FoundLibrary library = found.driver().get();
        load(library);
        start("JCudaDriver", library, () -> JCudaDriver.setExceptionsEnabled(false));
        check(JCudaDriver.cuInit(0), "starting the driver", library);
        int[] version = new int[1];
        check(JCudaDriver.cuDriverGetVersion(version), "asking the driver's version", library);
        driver = new Driver(library, version[0]);
        return driver;
    }

    /**
     * Loads cuBLAS, and the driver before it.
     *
     * @throws CudaException if something is missing or does not fit
     */
    public static synchronized FoundLibrary cublas(CudaLibraries found) {
        if (cublas != null) {
            return cublas;
        }
        Driver loaded = driver(found);
        throwIfBroken();
        FoundLibrary library = found.cublasFor(loaded.major()).orElseThrow(() -> unfitting(found, loaded));
        load(CudaLibraries.companion(library));
        load(library);
        start("JCublas2", library, () -> JCublas2.setExceptionsEnabled(false));
        cublas = library;
        return cublas;
    }

    private static CudaException missing(CudaLibraries found) {
        return new CudaException("no GPU can be used: "
                + found.missing().stream().map(Object::toString).collect(Collectors.joining(". Also: ")));
    }

    private static CudaException unfitting(CudaLibraries found, Driver loaded) {
        if (found.cublas().stream().noneMatch(FoundLibrary::usable)) {
            return missing(found);
        }
        if (loaded.major() < CudaLibraries.OLDEST_CUBLAS) {
            return new CudaException("the " + loaded + " is too old; update the driver (525 or later, for CUDA "
                    + CudaLibraries.OLDEST_CUBLAS + ")");
        }
        String newer = found.cublas().stream()
                .filter(FoundLibrary::usable)
                .map(Object::toString)
                .collect(Collectors.joining(", "));
        return new CudaException("the only cuBLAS found needs a newer driver: " + newer + ", but there is the " + loaded
                + "; update the driver, or pip install nvidia-cublas-cu" + loaded.major());
    }

    @SuppressWarnings("restricted") // loads native code: that is what it is for
    private static void load(FoundLibrary library) {
        try {
            System.load(library.file().toString());
        } catch (UnsatisfiedLinkError refused) {
            throw new CudaException(
                    "the dynamic linker refused " + library + ": " + refused.getMessage()
                            + "; reinstall the package that it belongs to",
                    refused);
        }
    }

    private static void start(String part, FoundLibrary library, Runnable touch) {
        try {
            byte[] bytes = JcudaNatives.read(part);
            JcudaNatives.start(
                    part, part.equals("JCublas2") ? JcudaNatives.linkedTo(bytes, library.major()) : bytes, touch);
        } catch (IOException unreadable) {
            throw new CudaException("JCuda's " + part + " cannot be started: " + unreadable.getMessage(), unreadable);
        } catch (LinkageError refused) {
            broken = new CudaException(
                    "JCuda's " + part + " cannot be started with " + library + ": " + reason(refused)
                            + "; reinstall that library's package and start again",
                    refused);
            throw broken;
        }
    }

    /** The dynamic linker's sentence, out of the stack traces that JCuda makes its message of. */
    private static String reason(LinkageError refused) {
        String message = String.valueOf(refused.getMessage());
        return message.lines()
                .filter(line -> line.contains(".so: "))
                .map(line -> line.substring(line.indexOf(".so: ") + 5))
                .findFirst()
                .orElse(message);
    }

    private static void throwIfBroken() {
        if (broken != null) {
            throw new CudaException(Objects.requireNonNull(broken.getMessage()), broken);
        }
    }
}
