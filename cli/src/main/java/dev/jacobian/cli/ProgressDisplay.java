// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.CompletionRecord;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import java.io.PrintStream;
import java.util.List;

/**
 * Shows how a training run goes on: a progress bar that stays at the bottom of a terminal with messages and samples
 * scrolling by above it, or plain lines when the output goes to a file, a pipe or a terminal that can do no better.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>Only standard error is written to, so that results on standard output stay clean with or without {@code --json}.
 *   <li>What a model made up is not trusted: control characters in it never reach the terminal.
 *   <li>{@code NO_COLOR} in the environment (no-color.org) switches colours off.
 * </ul>
 *
 * <p>Close it when the run ends, well or not, so that the next output begins on a line of its own.
 */
final class ProgressDisplay implements TrainingListener, AutoCloseable {
    /** Time between two samples. */
    private static final long SAMPLE_INTERVAL = 30_000_000_000L;

    private final ProgressView view;
    private final ProgressState state;
    private long lastSample;
    private boolean sampled;

    /**
     * Opens the display that suits where {@code err} goes.
     *
     * @param err the stream for messages; a bar is shown only if it is {@link System#err} and that is a terminal
     * @param totalSteps steps of the whole run
     */
    ProgressDisplay(PrintStream err, int totalSteps) {
        this(
                err == System.err
                        ? ProgressBar.open().map(ProgressView.class::cast).orElseGet(() -> new ProgressLines(err))
                        : new ProgressLines(err),
                totalSteps);
    }

    ProgressDisplay(ProgressView view, int totalSteps) {
        this.view = view;
        this.state = new ProgressState(totalSteps, System.nanoTime());
        view.show(state);
    }

    @Override
    public void onStart(Activity activity) {
        state.watch(activity);
    }

    @Override
    public void onStep(StepMetrics metrics) {
        state.advance(metrics, System.nanoTime());
        view.show(state);
    }

    @Override
    public void onCompletions(List<CompletionRecord> completions) {
        long now = System.nanoTime();
        if (!completions.isEmpty() && (!sampled || now - lastSample >= SAMPLE_INTERVAL)) {
            sampled = true;
            lastSample = now;
            view.print(ProgressText.sample(completions.getFirst()));
        }
    }

    @Override
    public void onMessage(String message) {
        view.print(List.of(ProgressText.printable(message)));
    }

    @Override
    public void close() {
        view.close();
    }
}
