// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.observe.CompletionRecord;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import java.util.List;
import java.util.Optional;

/** The progress of one stage, whose steps are known when the first of them ends; a stage may have none. */
final class StageProgress implements TrainingListener, AutoCloseable {
    private final Streams streams;
    private Optional<ProgressDisplay> display = Optional.empty();

    StageProgress(Streams streams) {
        this.streams = streams;
    }

    @Override
    public void onStep(StepMetrics metrics) {
        if (display.isEmpty()) {
            display = Optional.of(new ProgressDisplay(streams.err(), metrics.totalSteps()));
        }
        display.get().onStep(metrics);
    }

    @Override
    public void onCompletions(List<CompletionRecord> completions) {
        display.ifPresent(shown -> shown.onCompletions(completions));
    }

    @Override
    public void onMessage(String message) {
        display.ifPresentOrElse(shown -> shown.onMessage(message), () -> streams.note(message));
    }

    @Override
    public void close() {
        display.ifPresent(ProgressDisplay::close);
        display = Optional.empty();
    }
}
