// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

import java.util.Arrays;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;

/**
 * How long one step of decoding takes, a token for each sequence, by how many sequences run at once. Between measured numbers it is a line,
 * before the first the first's time, behind the last the last line goes on.
 */
public final class DecodeTimes {
    private final int[] running;
    private final double[] seconds;

    /**
     * Measured times.
     *
     * @param measured seconds of a step by running sequences; one or more
     * @throws IllegalArgumentException if there are none, a number is below 1, a time negative, or more sequences take less time
     */
    public DecodeTimes(Map<Integer, Double> measured) {
        LoopModel.require(!measured.isEmpty(), "decoding needs a time for at least one number of sequences");
        NavigableMap<Integer, Double> sorted = new TreeMap<>(measured);
        running = sorted.keySet().stream().mapToInt(Integer::intValue).toArray();
        seconds = sorted.values().stream().mapToDouble(Double::doubleValue).toArray();
        LoopModel.require(
                running[0] >= 1,
                "decoding times are of 1 or more sequences, found " + running[0] + " with " + seconds[0] + " s");
        for (int i = 0; i < seconds.length; i++) {
            LoopModel.require(
                    seconds[i] >= 0 && Double.isFinite(seconds[i]),
                    "a decoding time must be 0 or more seconds, found " + seconds[i] + " for " + running[i]);
            LoopModel.require(
                    i == 0 || seconds[i] >= seconds[i - 1],
                    "a step of " + running[i] + " sequences cannot take less time (" + seconds[i] + " s) than one of "
                            + running[Math.max(0, i - 1)]);
        }
    }

    /** Seconds of a step. */
    public double step(int sequences) {
        int last = running.length - 1;
        if (last == 0 || sequences <= running[0]) {
            return seconds[0];
        }
        int found = Arrays.binarySearch(running, sequences);
        if (found >= 0) {
            return seconds[found];
        }
        int right = Math.min(last, -found - 1);
        double slope = (seconds[right] - seconds[right - 1]) / (running[right] - running[right - 1]);
        return seconds[right - 1] + slope * (sequences - running[right - 1]);
    }

    /** All times multiplied. */
    public DecodeTimes times(double factor) {
        Map<Integer, Double> scaled = new TreeMap<>();
        for (int i = 0; i < running.length; i++) {
            scaled.put(running[i], factor * seconds[i]);
        }
        return new DecodeTimes(scaled);
    }

    /** Measured times by number of sequences. */
    public NavigableMap<Integer, Double> measured() {
        NavigableMap<Integer, Double> all = new TreeMap<>();
        for (int i = 0; i < running.length; i++) {
            all.put(running[i], seconds[i]);
        }
        return all;
    }
}
