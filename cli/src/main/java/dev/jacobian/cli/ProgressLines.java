// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.Printable;
import dev.jacobian.rl.observe.StepMetrics;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Progress as plain lines without control characters: the first step, the last, every evaluation, and otherwise one line
 * every few seconds.
 */
final class ProgressLines implements ProgressView {
    private static final long INTERVAL = 5_000_000_000L;

    private final PrintStream out;
    private final long interval;
    private long lastLine;
    private int lastStep;

    ProgressLines(PrintStream out) {
        this(out, INTERVAL);
    }

    /** @param interval least time between two ordinary lines, in nanoseconds */
    ProgressLines(PrintStream out, long interval) {
        this.out = out;
        this.interval = interval;
    }

    @Override
    public synchronized void show(ProgressState state) {
        StepMetrics step = state.latest();
        if (step.step() == 0 || step.step() == lastStep) {
            return;
        }
        long now = System.nanoTime();
        boolean due =
                lastStep == 0 || state.finished() || !Double.isNaN(step.get("pass@1")) || now - lastLine >= interval;
        if (due) {
            List<String> parts = new ArrayList<>();
            int digits = Integer.toString(state.totalSteps()).length();
            parts.add(String.format("step %" + digits + "d/%d", step.step(), state.totalSteps()));
            parts.addAll(ProgressText.metrics(state));
            parts.add(ProgressText.duration(state.elapsed(now)) + " elapsed");
            state.remaining(now).ifPresent(seconds -> parts.add(ProgressText.duration(seconds) + " left"));
            out.println(String.join("  ", parts));
            lastLine = now;
            lastStep = step.step();
        }
    }

    @Override
    public synchronized void print(List<String> lines) {
        lines.forEach(line -> out.println(Printable.of(line)));
    }

    @Override
    public void close() {
        out.flush();
    }
}
