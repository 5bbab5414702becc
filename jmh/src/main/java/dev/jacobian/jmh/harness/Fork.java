// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.harness;

import dev.jacobian.jmh.Folders;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import org.openjdk.jmh.results.BenchmarkResult;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/**
 * Runs one JMH benchmark for one case in one forked JVM.
 *
 * <p>Decisions: the flags are stated here in full, so that they are the same for everybody and can be printed: collector
 * and pages are those that the launcher starts the main job with. The time is the median of the iterations, since a machine that others use has outliers on one side.
 */
public final class Fork {
    private Fork() {}

    /** The JVM flags of a fork. */
    public static List<String> flags(int threads, int heapMiB) {
        List<String> flags = new ArrayList<>(List.of(
                "-XX:+UseSerialGC",
                "-Xmx" + heapMiB + "m",
                "--add-modules=jdk.incubator.vector",
                "-Djacobian.threads=" + threads,
                // JMH and JavaCPP use what Java 25 warns about
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED"));
        if (Machine.givesLargePages()) {
            flags.add("-XX:+UseTransparentHugePages");
        }
        return flags;
    }

    static Sample measure(Side.Jmh side, Suite suite, String label, int threads, Effort effort) throws RunnerException {
        ChainedOptionsBuilder options = options(
                        side.benchmark(), effort, flags(threads, suite.heap().applyAsInt(label)))
                .param(suite.parameter(), label);
        return sample(new Runner(options.build()).run(), side.benchmark());
    }

    /** The roofline in its unit, all threads together. */
    static double measure(Roofline roofline, int threads) throws RunnerException {
        ChainedOptionsBuilder options = options(
                        roofline.benchmark(), new Effort(1, 2, 5, 200), flags(threads, 512 + 512 * threads))
                .threads(threads);
        double seconds =
                sample(new Runner(options.build()).run(), roofline.benchmark()).seconds();
        return roofline.unit().score(seconds, roofline.work() * threads);
    }

    private static ChainedOptionsBuilder options(String benchmark, Effort effort, List<String> flags) {
        return new OptionsBuilder()
                .include("^" + Pattern.quote(benchmark) + "$")
                .forks(1)
                .warmupIterations(effort.warmup())
                .warmupTime(TimeValue.milliseconds(effort.milliseconds()))
                .measurementIterations(effort.iterations())
                .measurementTime(TimeValue.milliseconds(effort.milliseconds()))
                .timeout(TimeValue.minutes(10))
                .jvmArgs(flags.toArray(String[]::new))
                .jvmArgsAppend("-D" + Folders.PROPERTY + "=" + Folders.root().toAbsolutePath())
                .addProfiler(PeakMemory.class)
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
    }

    private static Sample sample(Collection<RunResult> results, String benchmark) throws RunnerException {
        List<Double> nanoseconds = new ArrayList<>();
        double peak = 0;
        for (RunResult result : results) {
            for (BenchmarkResult fork : result.getBenchmarkResults()) {
                for (IterationResult iteration : fork.getIterationResults()) {
                    nanoseconds.add(iteration.getPrimaryResult().getScore());
                    Result<?> memory = iteration.getSecondaryResults().get(PeakMemory.LABEL);
                    peak = Math.max(peak, memory == null ? 0 : memory.getScore());
                }
            }
        }
        if (nanoseconds.isEmpty()) {
            throw new RunnerException(benchmark + " gave no result");
        }
        return new Sample(median(nanoseconds.stream().mapToDouble(t -> t).toArray()) / 1e9, (long) peak);
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
