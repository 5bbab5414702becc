// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.sandbox.Protection;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;
import dev.jacobian.tensor.Gpus;
import dev.jacobian.tensor.Nullable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code doctor}: what this machine offers, and what would make it offer more. Takes some seconds, with --bench a minute. */
@Command(
        name = "doctor",
        header = "Show what this machine offers.",
        description =
                "Shows what this machine offers: JDK, vector width, threads, memory and its speed, GPUs; and what is"
                        + " missing and how to get it.")
final class DoctorCommand extends CliCommand {
    @Option(
            names = "--bench",
            description = "Measure every kernel against what arithmetic and memory of this machine allow (a minute).")
    private boolean bench;

    DoctorCommand(Streams streams) {
        super(streams);
    }

    @Override
    boolean computes() {
        return false;
    }

    @Override
    void execute() {
        Report report = new Report(ThroughputProbe.measure(), Gpus.survey(), GpuHardware.present(), Protection.found());
        Optional<KernelBench> kernels =
                bench ? Optional.of(KernelBench.measure(KernelCases.all(), streams()::note)) : Optional.empty();
        if (common().json()) {
            ObjectNode object = report.toJson();
            kernels.ifPresent(measured -> object.set("bench", measured.toJson()));
            streams().json(object);
            return;
        }
        report.lines().forEach(streams()::line);
        kernels.ifPresent(measured -> {
            streams().line("");
            measured.lines().forEach(streams()::line);
        });
    }

    private record Report(ThroughputProbe throughput, Gpus gpus, boolean hardware, Protection protection) {
        List<String> lines() {
            List<String> lines = new ArrayList<>();
            lines.add(row("JDK", Runtime.version() + " (" + System.getProperty("java.vendor") + ")"));
            lines.add(row("system", System.getProperty("os.name") + " " + System.getProperty("os.arch")));
            lines.add(row("kernels", Backends.cpu().name() + (Backends.hasVectorApi() ? "" : ": no Vector API")));
            lines.add(row("threads", ComputePool.threads() + " of " + processors() + " processors"));
            lines.add(row(
                    "heap",
                    String.format(
                            Locale.ROOT,
                            "may grow to %.2f GiB%s",
                            heap() / 0x1p30,
                            JavaRuntime.physicalMemory()
                                    .map(bytes -> String.format(Locale.ROOT, " of %.2f GiB", bytes / 0x1p30))
                                    .orElse(""))));
            lines.add(row("memory", String.format(Locale.ROOT, "%.1f GB/s read", throughput.bytesPerSecond() * 1e-9)));
            lines.add(row(
                    "matmul", String.format(Locale.ROOT, "%.1f GFLOP/s in F32", throughput.flopsPerSecond() * 1e-9)));
            lines.addAll(gpuLines());
            lines.add(row("sandbox", protection.summary()));
            lines.add("");
            List<String> advice = advice();
            if (advice.isEmpty()) {
                lines.add("Nothing is missing.");
            }
            advice.forEach(item -> lines.add("- " + item));
            return lines;
        }

        /** Of the parts that a GPU needs, those that are there; where there is no GPU and no part of it, one line. */
        private List<String> gpuLines() {
            List<String> lines = new ArrayList<>();
            if (gpus.devices().isEmpty()) {
                lines.add(row("GPU", hardware ? "there is one, but it cannot be used yet" : "none found"));
            }
            gpus.devices().forEach(device -> lines.add(row("GPU", device.toString())));
            gpus.driver()
                    .ifPresent(library -> lines.add(row(
                            "driver",
                            library.version().map(version -> "CUDA " + version).orElse("not started") + ", "
                                    + library.file())));
            gpus.cublas()
                    .ifPresent(library ->
                            lines.add(row("cuBLAS", library.version().orElse("not started") + ", " + library.file())));
            gpus.jcuda().ifPresent(version -> lines.add(row("JCuda", version + " with natives")));
            gpus.devices().stream()
                    .filter(Gpus.Info::usable)
                    .forEach(device -> lines.add(row(
                            "GPU code",
                            String.format(
                                    Locale.ROOT,
                                    "PTX %s, compiled for cuda:%d in %.2f s",
                                    gpus.kernels(),
                                    device.ordinal(),
                                    device.compileSeconds().orElseThrow()))));
            return lines;
        }

        List<String> advice() {
            List<String> advice = new ArrayList<>();
            JavaRuntime.problem().ifPresent(advice::add);
            if (JavaRuntime.usesCompactObjectHeaders()) {
                advice.add("-XX:+UseCompactObjectHeaders is on; it is not supported. Remove it from the JVM options");
            }
            if (!Backends.hasVectorApi()) {
                advice.add("The Vector API is missing: expect a hundredth of the speed. Add --add-modules"
                        + " jdk.incubator.vector, or start with the launcher");
            }
            if (ComputePool.threads() > processors()) {
                advice.add(
                        "There are more threads than processors; they will wait for each other. Leave --threads out");
            }
            Optional<Long> physical = JavaRuntime.physicalMemory();
            if (physical.isPresent() && heap() < physical.get() / 2) {
                advice.add(String.format(
                        Locale.ROOT,
                        "JACOBIAN_JAVA_OPTS=-Xmx%dg lets the heap use more of the memory, for larger models",
                        Math.max(1, (long) (0.8 * physical.get() / 0x1p30))));
            }
            if (!protection.advice().isEmpty()) {
                advice.add("Rewards that run code need a sandbox: " + protection.advice());
            }
            if (hardware || gpus.jcuda().isPresent()) {
                advice.addAll(GpuAdvice.of(gpus));
            }
            return advice;
        }

        ObjectNode toJson() {
            ObjectNode object = Json.object();
            object.put("jdk", Runtime.version().toString());
            object.put("os", System.getProperty("os.name"));
            object.put("architecture", System.getProperty("os.arch"));
            object.put("backend", Backends.cpu().name());
            object.put("vector_api", Backends.hasVectorApi());
            object.put("threads", ComputePool.threads());
            object.put("processors", processors());
            object.put("max_heap_bytes", heap());
            JavaRuntime.physicalMemory().ifPresent(bytes -> object.put("physical_memory_bytes", bytes));
            object.put("memory_bytes_per_second", Math.rint(throughput.bytesPerSecond()));
            object.put("matmul_flops_per_second", Math.rint(throughput.flopsPerSecond()));
            object.put("sandbox", protection.isolation().toString());
            object.put("sandbox_workers", protection.cold().isEmpty() ? "warm" : "cold");
            object.put("gpu_present", hardware);
            object.put("gpu_usable", gpus.usable());
            ArrayNode devices = object.putArray("gpus");
            for (Gpus.Info device : gpus.devices()) {
                ObjectNode node = devices.addObject();
                node.put("device", "cuda:" + device.ordinal());
                node.put("name", device.name());
                node.put("memory_bytes", device.memory());
                node.put("free_memory_bytes", device.freeMemory().orElse(null));
                node.put("compute_capability", device.computeCapability());
                node.put("multiprocessors", device.multiprocessors());
                node.put("usable", device.usable());
                node.put("kernel_compile_seconds", device.compileSeconds().orElse(null));
            }
            object.set("driver", library(gpus.driver()));
            object.set("cublas", library(gpus.cublas()));
            object.put("jcuda", gpus.jcuda().orElse(null));
            object.put("kernels_ptx", gpus.kernels());
            ArrayNode missing = object.putArray("advice");
            advice().forEach(missing::add);
            return object;
        }

        private static @Nullable ObjectNode library(Optional<Gpus.Library> library) {
            return library.map(found -> {
                        ObjectNode node = Json.object();
                        node.put("file", found.file().toString());
                        node.put("version", found.version().orElse(null));
                        return node;
                    })
                    .orElse(null);
        }

        private static String row(String label, String value) {
            return String.format(Locale.ROOT, "%-9s %s", label, value);
        }

        private static int processors() {
            return Runtime.getRuntime().availableProcessors();
        }

        private static long heap() {
            return Runtime.getRuntime().maxMemory();
        }
    }
}
