// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.ComputePool;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/**
 * Where the kernels stand on the roofline of this machine.
 *
 * @param one the limits of one thread
 * @param all the limits of all threads
 * @param kernels the measured kernels
 */
record KernelBench(Roofline one, Roofline all, List<Result> kernels) {
    private static final double WARM_UP_SECONDS = 0.5;
    private static final double SECONDS = 0.3;

    /** Seconds of the fastest call of a kernel on one thread and on all. */
    record Result(KernelCase kernel, double one, double all) {}

    /**
     * Measures, first all cases on one thread and then on all of {@link ComputePool#threads()}.
     *
     * @param progress is told what is being measured
     */
    static KernelBench measure(List<KernelCase> cases, Consumer<String> progress) {
        int threads = ComputePool.threads();
        Backend backend = Backends.cpu();
        progress.accept("measuring the limits of the machine");
        Roofline all = Roofline.measure();
        try {
            ComputePool.setThreads(1);
            Roofline one = Roofline.measure();
            List<Result> results = new ArrayList<>();
            for (KernelCase kernel : cases) {
                progress.accept("measuring " + kernel.kernel() + " " + kernel.shape() + " (" + (results.size() + 1)
                        + "/" + cases.size() + ")");
                Runnable call = kernel.prepare().apply(backend);
                ComputePool.setThreads(1);
                Stopwatch.best(WARM_UP_SECONDS, call); // the JIT's time
                double onOne = Stopwatch.best(SECONDS, call);
                ComputePool.setThreads(threads);
                double onAll = threads == 1 ? onOne : Stopwatch.best(SECONDS, call);
                results.add(new Result(kernel, onOne, onAll));
            }
            return new KernelBench(one, all, results);
        } finally {
            ComputePool.setThreads(threads);
        }
    }

    /** A table for people. */
    List<String> lines() {
        List<String> lines = new ArrayList<>();
        String threads = all.threads() == 1 ? "1 thread" : all.threads() + " threads";
        lines.add(String.format(
                Locale.ROOT,
                "FMA peak  %.0f GFLOP/s on 1 thread, %.0f on %s",
                one.flopsPerSecond() * 1e-9,
                all.flopsPerSecond() * 1e-9,
                threads));
        lines.add(String.format(
                Locale.ROOT,
                "read      %.1f GB/s on 1 thread, %.1f on %s",
                one.bytesPerSecond() * 1e-9,
                all.bytesPerSecond() * 1e-9,
                threads));
        lines.add("");
        lines.add(String.format(
                "%-19s %-18s %15s %15s %6s  %-7s %8s",
                "kernel", "shape", "1 thread", threads, "gain", "bound", "roofline"));
        for (Result result : kernels) {
            boolean compute = isComputeBound(result);
            lines.add(String.format(
                    Locale.ROOT,
                    "%-19s %-18s %15s %15s %5.2fx  %-7s %6.0f %%",
                    result.kernel().kernel(),
                    result.kernel().shape(),
                    rate(result.kernel(), result.one(), compute),
                    rate(result.kernel(), result.all(), compute),
                    result.one() / result.all(),
                    compute ? "compute" : "memory",
                    100 * share(all, result.kernel(), result.all())));
        }
        lines.add("");
        lines.add("gain: all threads over one. roofline: the least time that arithmetic, or reading memory, allows on"
                + " all");
        lines.add("threads over the time taken. Above 100 % operands came from a cache, or were written besides being"
                + " read.");
        return lines;
    }

    /** The same as an object. */
    ObjectNode toJson() {
        ObjectNode object = Json.object();
        object.put("threads", all.threads());
        object.put("fma_flops_per_second_1_thread", Math.rint(one.flopsPerSecond()));
        object.put("fma_flops_per_second", Math.rint(all.flopsPerSecond()));
        object.put("read_bytes_per_second_1_thread", Math.rint(one.bytesPerSecond()));
        object.put("read_bytes_per_second", Math.rint(all.bytesPerSecond()));
        ArrayNode array = object.putArray("kernels");
        for (Result result : kernels) {
            KernelCase kernel = result.kernel();
            array.addObject()
                    .put("kernel", kernel.kernel())
                    .put("shape", kernel.shape())
                    .put("operations", kernel.operations())
                    .put("bytes", kernel.bytes())
                    .put("seconds_1_thread", result.one())
                    .put("seconds", result.all())
                    .put("bound", isComputeBound(result) ? "compute" : "memory")
                    .put("roofline_share_1_thread", share(one, kernel, result.one()))
                    .put("roofline_share", share(all, kernel, result.all()))
                    .put("thread_gain", result.one() / result.all());
        }
        return object;
    }

    private boolean isComputeBound(Result result) {
        return all.isComputeBound(result.kernel().operations(), result.kernel().bytes());
    }

    private static double share(Roofline limits, KernelCase kernel, double seconds) {
        return limits.seconds(kernel.operations(), kernel.bytes()) / seconds;
    }

    private static String rate(KernelCase kernel, double seconds, boolean compute) {
        return compute
                ? String.format(Locale.ROOT, "%.1f GFLOP/s", kernel.operations() / seconds * 1e-9)
                : String.format(Locale.ROOT, "%.1f GB/s", kernel.bytes() / seconds * 1e-9);
    }
}
