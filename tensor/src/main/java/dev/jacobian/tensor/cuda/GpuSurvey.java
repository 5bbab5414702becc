// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.tensor.cuda;

import dev.jacobian.tensor.Gpus;
import dev.jacobian.tensor.cuda.driver.CudaContext;
import dev.jacobian.tensor.cuda.driver.CudaDevice;
import dev.jacobian.tensor.cuda.driver.CudaException;
import dev.jacobian.tensor.cuda.driver.CudaResult;
import dev.jacobian.tensor.cuda.driver.CudaStream;
import dev.jacobian.tensor.cuda.driver.DeviceMemory;
import dev.jacobian.tensor.cuda.kernels.Cublas;
import dev.jacobian.tensor.cuda.kernels.KernelModules;
import dev.jacobian.tensor.cuda.kernels.KernelTexts;
import dev.jacobian.tensor.cuda.libraries.CudaLibraries;
import dev.jacobian.tensor.cuda.libraries.CudaLoader;
import dev.jacobian.tensor.cuda.libraries.FoundLibrary;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import jcuda.driver.JCudaDriver;

/**
 * Tries everything that a GPU backend needs, and writes down how far it came.
 *
 * <p>By trying and not by comparing version numbers: whether a driver takes the kernels, and whether a device is held by
 * another process alone, only the driver knows. A failure of one part or device ends only what builds on it.
 */
public final class GpuSurvey {
    private static final Pattern PTX_VERSION = Pattern.compile("(?m)^\\.version\\s+(\\S+)");

    private final CudaLibraries found;
    private final List<Gpus.Info> devices = new ArrayList<>();
    private final List<String> missing = new ArrayList<>();
    private Optional<String> driverVersion = Optional.empty();
    private Optional<FoundLibrary> cublas;
    private boolean cublasLoaded;
    private Optional<String> cublasVersion = Optional.empty();

    private GpuSurvey(CudaLibraries found) {
        this.found = found;
        this.cublas = found.cublas().stream().filter(FoundLibrary::usable).findFirst();
        found.missing().forEach(item -> missing.add(item.toString()));
    }

    /** Tries with these libraries. */
    public static Gpus take(CudaLibraries found) {
        GpuSurvey survey = new GpuSurvey(found);
        boolean jcuda = found.jcuda().isPresent() && found.natives();
        if (jcuda && found.driver().isPresent()) {
            survey.attempt(survey::startDriver);
        }
        return new Gpus(
                jcuda ? found.jcuda() : Optional.empty(),
                found.driver().map(library -> new Gpus.Library(library.file(), survey.driverVersion)),
                survey.cublas.map(library -> new Gpus.Library(library.file(), survey.cublasVersion)),
                ptxVersion(),
                survey.devices,
                survey.missing);
    }

    private void attempt(Runnable part) {
        try {
            part.run();
        } catch (CudaException refused) {
            missing.add(refused.getMessage());
        }
    }

    private void startDriver() {
        CudaLoader.Driver driver = CudaLoader.driver(found);
        driverVersion = Optional.of(driver.major() + "." + driver.version() % 1000 / 10);
        if (cublas.isPresent()) { // otherwise it is named as missing already
            attempt(() -> {
                cublas = Optional.of(CudaLoader.cublas(found));
                cublasLoaded = true;
            });
        }
        for (CudaDevice device : CudaDevice.list()) {
            tryDevice(device);
        }
    }

    private void tryDevice(CudaDevice device) {
        Trial trial = new Trial();
        attempt(() -> {
            try (CudaContext context = CudaContext.open(device.ordinal(), DeviceMemory.Reuse.NEVER)) {
                context.dispatcher().run(() -> trial.run(context));
            }
        });
        devices.add(new Gpus.Info(
                device.ordinal(),
                device.name(),
                device.memory(),
                trial.free,
                device.major() + "." + device.minor(),
                device.multiprocessors(),
                trial.compileSeconds));
    }

    /** What one device gave, as far as it got. */
    private final class Trial {
        private Optional<Long> free = Optional.empty();
        private Optional<Double> compileSeconds = Optional.empty();

        void run(CudaContext context) {
            long[] bytes = new long[1];
            CudaResult.check(
                    JCudaDriver.cuMemGetInfo(bytes, new long[1]), "asking the free memory of", context.device());
            free = Optional.of(bytes[0]);
            attempt(() -> {
                try (KernelModules kernels = new KernelModules(context)) {
                    long start = System.nanoTime();
                    kernels.loadAll();
                    compileSeconds = Optional.of((System.nanoTime() - start) * 1e-9);
                }
            });
            if (cublasLoaded && cublasVersion.isEmpty()) {
                attempt(() -> startCublas(context));
            }
        }

        private void startCublas(CudaContext context) {
            try (CudaStream stream = new CudaStream(context, "survey");
                    Cublas handle = new Cublas(stream)) {
                cublasVersion = Optional.of(versionText(handle.version()));
            }
        }
    }

    /** {@code 13.1.0} for 130100. */
    static String versionText(int version) {
        return String.format(Locale.ROOT, "%d.%d.%d", version / 10000, version / 100 % 100, version % 100);
    }

    /** Of any text: one script makes them all. */
    private static String ptxVersion() {
        String name = new KernelTexts().names().getFirst();
        Matcher matcher = PTX_VERSION.matcher(KernelTexts.read(name));
        if (!matcher.find()) {
            throw new IllegalStateException(name + ".ptx has no .version; make it anew with scripts/make-ptx.sh");
        }
        return matcher.group(1);
    }
}
