// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.ScalarResult;

/** Peak resident memory of a fork, as the kernel counts it ({@code VmHWM}); native libraries included. Linux only. */
public final class PeakMemory implements InternalProfiler {
    static final String LABEL = "peak.memory";

    @Override
    public String getDescription() {
        return "peak resident memory";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {}

    @Override
    public Collection<ScalarResult> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        return List.of(new ScalarResult(LABEL, bytes(), "B", AggregationPolicy.MAX));
    }

    /** Of this process, or 0 where the kernel does not tell. */
    public static long bytes() {
        return bytes(ProcessHandle.current().pid());
    }

    /** Of a process, or 0 where the kernel does not tell. */
    public static long bytes(long pid) {
        try (var lines = Files.lines(Path.of("/proc/" + pid + "/status"))) {
            return lines.filter(line -> line.startsWith("VmHWM:"))
                    .mapToLong(line -> 1024 * Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException notLinux) {
            return 0;
        }
    }
}
