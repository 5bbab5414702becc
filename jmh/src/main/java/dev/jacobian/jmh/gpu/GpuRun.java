// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.jmh.harness.Unit;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import java.io.PrintWriter;
import java.math.BigDecimal;
import java.math.MathContext;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Measures on one device in this process, and keeps the rows.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Time is the wall clock's around calls and the wait for the device at their end: what launching costs counts.
 *   <li>A case is warmed up, then measured in rounds; its score is the median of the rounds, its spread the lowest and the
 *       highest.
 *   <li>Rows are those of the peers' {@code measure.py}, printed and written as soon as they are known: what was measured is
 *       kept if the next case is killed.
 * </ul>
 */
final class GpuRun {
    private final Device device;
    private final Backend backend;
    private final GpuEffort effort;
    private final Optional<Path> json;
    private final PrintWriter out;
    private final ArrayNode rows = JsonNodeFactory.instance.arrayNode();
    private final GpuModel model;

    @SuppressWarnings("NullAway.Init") // run() sets it before the suite measures
    private GpuSuite suite;

    private List<String> wanted = List.of();
    private double bandwidth; // bytes a second; 0 until measured

    /** Opens the device. */
    GpuRun(Device device, GpuEffort effort, Optional<Path> json, PrintWriter out) {
        this.device = device;
        this.backend = Backends.of(device);
        this.effort = effort;
        this.json = json;
        this.out = out;
        this.model = new GpuModel(device, effort.tiny());
    }

    /** Measures cases of a suite. */
    void run(GpuSuite measured, List<String> cases) {
        suite = measured;
        wanted = cases;
        measured.measure().accept(this);
    }

    Device device() {
        return device;
    }

    Backend backend() {
        return backend;
    }

    GpuModel model() {
        return model;
    }

    GpuEffort effort() {
        return effort;
    }

    boolean wants(String label) {
        return wanted.contains(label);
    }

    /** The full size, or that of a toy. */
    int pick(int full, int tiny) {
        return effort.tiny() ? tiny : full;
    }

    /** Prints what is no row. */
    void say(String line) {
        out.println(line);
        out.flush();
    }

    /**
     * Measures a call.
     *
     * @param work operations or tokens of one call
     * @param facts adds to the row, given the score
     */
    void measure(String label, double work, int warmUp, Runnable call, FactsOf facts) {
        if (!wants(label)) {
            return;
        }
        double[] seconds = seconds(warmUp, call);
        double[] scores =
                Arrays.stream(seconds).map(s -> suite.unit().score(s, work)).toArray();
        add(label, scores, facts);
    }

    /** Adds to a row what the score does not say. */
    @FunctionalInterface
    interface FactsOf {
        void put(ObjectNode row, double score);
    }

    /** Seconds of one call in each round. */
    double[] seconds(int warmUp, Runnable call) {
        for (int i = 0; i < (effort.tiny() ? 1 : warmUp); i++) {
            call.run();
        }
        double once = timed(call, 1);
        int calls = effort.calls(once);
        double[] seconds = new double[effort.rounds(once)];
        boolean slow = once >= GpuEffort.SLOW; // then the one is a round
        if (slow) {
            seconds[0] = once;
        }
        for (int round = slow ? 1 : 0; round < seconds.length; round++) {
            seconds[round] = timed(call, calls);
        }
        return seconds;
    }

    /** Seconds of one call, over several. */
    private double timed(Runnable call, int calls) {
        backend.synchronize();
        long start = System.nanoTime();
        for (int i = 0; i < calls; i++) {
            call.run();
        }
        backend.synchronize();
        return (System.nanoTime() - start) / 1e9 / calls;
    }

    /** Adds a row of measured scores. */
    void add(String label, double[] scores, FactsOf facts) {
        add(suite.name(), label, unit(suite.unit()), scores, facts);
    }

    private void add(String name, String label, String unit, double[] scores, FactsOf facts) {
        double score = median(scores);
        ObjectNode row = Json.object();
        row.put("suite", name);
        row.put("side", "jacobian");
        row.put("case", label);
        row.put("unit", unit);
        row.put("score", significant(score));
        row.putArray("spread")
                .add(significant(Arrays.stream(scores).min().orElseThrow()))
                .add(significant(Arrays.stream(scores).max().orElseThrow()));
        row.put("rounds", scores.length);
        facts.put(row, score);
        if (effort.tiny()) {
            row.put("smoke", true);
        }
        row.put("device", backend.name());
        rows.add(row);
        say(Json.compact(row));
        json.ifPresent(file -> Json.write(file, rows));
    }

    /** As the peers write them. */
    private static String unit(Unit unit) {
        return unit == Unit.TOKENS ? "tokens/s" : unit.text();
    }

    /** Bytes a second that a copy on the device reads and writes; measured when first asked for, as a row of its own. */
    double bandwidth() {
        if (bandwidth == 0) {
            double[] rounds = DeviceCopy.bytesPerSecond(this);
            bandwidth = median(rounds);
            double[] gigabytes = Arrays.stream(rounds).map(b -> b / 1e9).toArray();
            add("gpu-bandwidth", "device copy, read and written", Unit.GIGABYTES.text(), gigabytes, (row, score) -> {});
        }
        return bandwidth;
    }

    static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }

    /** Five digits; no measurement has more. */
    static double significant(double value) {
        return new BigDecimal(value).round(new MathContext(5)).doubleValue();
    }
}
