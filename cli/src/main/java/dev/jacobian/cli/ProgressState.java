// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.StepMetrics;
import java.util.OptionalDouble;

/** Where a run is, and when. Written by the trainer's thread, read by the one that draws. */
final class ProgressState {
    private final int totalSteps;
    private final long begin;

    private StepMetrics latest;
    private long latestTime;
    private OptionalDouble passAt1 = OptionalDouble.empty();
    private Activity activity = new Activity(); // of a run that tells of none

    /** The step before the first one seen, and the time at which that one began: speed is measured from here. */
    private int firstStep;

    private long firstTime;
    private boolean started;

    /** @param begin as {@link System#nanoTime} */
    ProgressState(int totalSteps, long begin) {
        this.totalSteps = totalSteps;
        this.begin = begin;
        this.firstTime = begin;
        this.latestTime = begin;
        this.latest = new StepMetrics(0, totalSteps, java.util.Map.of());
    }

    /** Takes in what a step measured. */
    synchronized void advance(StepMetrics metrics, long now) {
        if (!started) {
            started = true;
            firstStep = Math.max(0, metrics.step() - 1);
        }
        if (metrics.step() == 0) {
            firstTime = now; // what came before was evaluation
        }
        latest = metrics;
        latestTime = now;
        double measured = metrics.get("pass@1");
        if (!Double.isNaN(measured)) {
            passAt1 = OptionalDouble.of(measured);
        }
    }

    /** Shows where to look for what the run is doing. */
    synchronized void watch(Activity of) {
        activity = of;
    }

    /** What the run is doing. */
    synchronized Activity.Now activity() {
        return activity.now();
    }

    synchronized StepMetrics latest() {
        return latest;
    }

    int totalSteps() {
        return totalSteps;
    }

    synchronized boolean finished() {
        return latest.step() >= totalSteps;
    }

    /** Held-out accuracy when it was last measured. */
    synchronized OptionalDouble passAt1() {
        return passAt1;
    }

    /** Seconds since the display was opened. */
    double elapsed(long now) {
        return (now - begin) / 1e9;
    }

    /** Seconds that the steps to come will take if they are like those so far; empty before the first. */
    synchronized OptionalDouble remaining(long now) {
        int done = latest.step() - firstStep;
        if (done <= 0) {
            return OptionalDouble.empty();
        }
        double perStep = (latestTime - firstTime) / 1e9 / done;
        double sinceLatest = Math.min(perStep, (now - latestTime) / 1e9);
        return OptionalDouble.of(Math.max(0, (totalSteps - latest.step()) * perStep - sinceLatest));
    }
}
