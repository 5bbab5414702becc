// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.io.Printable;
import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.tensor.Nullable;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/**
 * Progress as plain lines without control characters: the first step, the last, every evaluation, and otherwise one line
 * every few seconds. While a step takes long a line now and then says what the run is doing; such lines begin with a word other than
 * {@code step}.
 */
final class ProgressLines implements ProgressView {
    private static final long INTERVAL = 5_000_000_000L;

    /** Silence after which a line says what is going on. */
    private static final long SILENCE = 30_000_000_000L;

    private final PrintStream out;
    private final long interval;
    private final long silence;
    private final Thread watch = Thread.ofVirtual().name("progress-watch").unstarted(this::watch);
    private @Nullable ProgressState state; // null until it is shown first
    private long lastLine; // of a step
    private long lastSaid = System.nanoTime();
    private int lastStep;
    private boolean closed;

    ProgressLines(PrintStream out) {
        this(out, INTERVAL, SILENCE);
    }

    /**
     * With other intervals, in nanoseconds.
     *
     * @param interval least time between two ordinary lines
     * @param silence time without a line, after which one says what is going on
     */
    ProgressLines(PrintStream out, long interval, long silence) {
        this.out = out;
        this.interval = interval;
        this.silence = silence;
        watch.start();
    }

    private synchronized void watch() {
        try {
            while (!closed) {
                long left = silence - (System.nanoTime() - lastSaid);
                if (left <= 0 && state != null) {
                    Activity.Now now = state.activity();
                    List<String> activity = ProgressText.activity(now);
                    if (!activity.isEmpty()) {
                        out.println(String.join(", ", activity));
                    }
                    now.others().forEach(line -> out.println(Printable.of(line)));
                    lastSaid = System.nanoTime();
                } else {
                    wait(Math.max(1, left / 1_000_000 + 1));
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // nobody does that
        }
    }

    @Override
    public synchronized void show(ProgressState shown) {
        state = shown;
        StepMetrics step = shown.latest();
        if (step.step() == 0 || step.step() == lastStep) {
            return;
        }
        long now = System.nanoTime();
        boolean due =
                lastStep == 0 || shown.finished() || !Double.isNaN(step.get("pass@1")) || now - lastLine >= interval;
        if (due) {
            List<String> parts = new ArrayList<>();
            int digits = Integer.toString(shown.totalSteps()).length();
            parts.add(String.format("step %" + digits + "d/%d", step.step(), shown.totalSteps()));
            parts.addAll(ProgressText.metrics(shown));
            parts.add(ProgressText.duration(shown.elapsed(now)) + " elapsed");
            shown.remaining(now).ifPresent(seconds -> parts.add(ProgressText.duration(seconds) + " left"));
            out.println(String.join("  ", parts));
            lastLine = now;
            lastSaid = now;
            lastStep = step.step();
        }
    }

    @Override
    public synchronized void print(List<String> lines) {
        lines.forEach(line -> out.println(Printable.of(line)));
        lastSaid = System.nanoTime();
    }

    @Override
    public synchronized void close() {
        closed = true;
        notifyAll();
        out.flush();
    }
}
