// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

import dev.jacobian.tensor.Rng;
import java.util.ArrayList;
import java.util.List;

/** The workers over all waves: when each is lost next, until when it is away, when it was busy. */
final class Fleet {
    private static final long STREAM = 0x6C6F7373L; // apart from the streams of samples

    private final Losses losses;
    private final long seed;
    private final double[] nextLoss;
    private final double[] back;
    private final int[] lost;
    private final List<Busy> busy = new ArrayList<>();

    /** A stretch in which a worker computed. */
    record Busy(double begin, double end) {}

    Fleet(int workers, Losses losses, long seed) {
        this.losses = losses;
        this.seed = seed;
        nextLoss = new double[workers];
        back = new double[workers];
        lost = new int[workers];
        for (int w = 0; w < workers; w++) {
            nextLoss[w] = after(w, 0);
        }
    }

    int size() {
        return back.length;
    }

    private double after(int worker, double begin) {
        if (losses.perHour() == 0) {
            return Double.POSITIVE_INFINITY;
        }
        double uniform = new Rng(seed ^ STREAM, (long) worker << Integer.SIZE | lost[worker]).nextDouble();
        return begin - StrictMath.log(1 - uniform) * 3600 / losses.perHour();
    }

    /** When a worker is lost next. */
    double nextLoss(int worker) {
        return nextLoss[worker];
    }

    /** It is lost at the time that was foreseen; when it is back. */
    double lose(int worker) {
        back[worker] = nextLoss[worker] + losses.away();
        lost[worker]++;
        nextLoss[worker] = after(worker, back[worker]);
        return back[worker];
    }

    /** When it is there, at a time or later: what was lost before and came back before counts as lost, too. */
    double present(int worker, double time) {
        while (nextLoss[worker] <= time) {
            lose(worker);
        }
        return Math.max(time, back[worker]);
    }

    void worked(double begin, double end) {
        busy.add(new Busy(begin, end));
    }

    /** Seconds that all were busy between two times. */
    double busy(double from, double to) {
        double sum = 0;
        for (Busy stretch : busy) {
            sum += Math.max(0, Math.min(to, stretch.end) - Math.max(from, stretch.begin));
        }
        return sum;
    }
}
