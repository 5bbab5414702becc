// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.jmh.gpu;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.tensor.Backend;
import dev.jacobian.tensor.Backends;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Workspace;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;

/**
 * How long to measure: as the other side, see {@code measure.py}. Times are the host's, from the first call of a round until
 * the device has done the last; a round is long enough that starting and waiting do not count.
 *
 * @param warmUp calls before the first round
 * @param rounds number of rounds; fewer where a call takes seconds
 * @param seconds length of a round of short calls
 */
record Rounds(int warmUp, int rounds, double seconds) {
    static final Rounds FULL = new Rounds(3, 7, 0.4);
    static final Rounds QUICK = new Rounds(3, 3, 0.1);
    static final Rounds SMOKE = new Rounds(0, 1, 0);

    private static final double LONG = 5;

    ObjectNode measure(GpuCase one, Device device) {
        Backend backend = Backends.of(device);
        return new Workspace()
                .compute(
                        () -> { // what the case holds on the device is given back at its end
                            Runnable call = one.setUp().get();
                            if (warmUp > 0) {
                                double first = time(call, 1, backend);
                                for (int i = 1; i < warmUp && first < LONG; i++) {
                                    time(call, 1, backend);
                                }
                            }
                            double once = time(call, 1, backend);
                            int count = (int) Math.max(1, seconds / once);
                            double[] scores = new double[once < LONG ? rounds : Math.max(1, rounds / 2)];
                            for (int i = 0; i < scores.length; i++) {
                                scores[i] = one.score(time(call, count, backend));
                            }
                            Arrays.sort(scores);
                            return row(one, scores, backend);
                        });
    }

    private static double time(Runnable call, int count, Backend backend) {
        long start = System.nanoTime();
        for (int i = 0; i < count; i++) {
            call.run();
        }
        backend.synchronize();
        return (System.nanoTime() - start) * 1e-9 / count;
    }

    private ObjectNode row(GpuCase one, double[] sorted, Backend backend) {
        int middle = sorted.length / 2;
        double median = sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
        ObjectNode row = Json.object();
        row.put("suite", one.suite());
        row.put("side", "jacobian");
        row.put("case", one.name());
        row.put("unit", one.unit());
        row.put("score", significant(median));
        row.putArray("spread").add(significant(sorted[0])).add(significant(sorted[sorted.length - 1]));
        row.put("rounds", sorted.length);
        row.put("device", backend.name());
        row.put("jvm", Runtime.version().toString());
        if (equals(SMOKE)) {
            row.put("smoke", true);
        }
        return row;
    }

    private static double significant(double value) {
        return new BigDecimal(value).round(new MathContext(5)).doubleValue();
    }
}
