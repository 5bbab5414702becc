// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import dev.jacobian.rl.observe.Activity;
import dev.jacobian.rl.observe.CompletionRecord;
import dev.jacobian.rl.observe.StepMetrics;
import dev.jacobian.rl.observe.TrainingListener;
import dev.jacobian.rl.run.RunDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Who hears of a run: its listeners, and its folder. */
final class Audience {
    private final List<TrainingListener> listeners = new ArrayList<>();
    private Optional<RunDirectory> directory = Optional.empty();

    void add(TrainingListener listener) {
        listeners.add(listener);
    }

    void directory(RunDirectory run) {
        directory = Optional.of(run);
    }

    Optional<RunDirectory> directory() {
        return directory;
    }

    void begin(Activity activity) {
        listeners.forEach(listener -> listener.onStart(activity));
    }

    void say(String message) {
        listeners.forEach(listener -> listener.onMessage(message));
    }

    void report(StepMetrics metrics, List<CompletionRecord> completions) {
        directory.ifPresent(run -> run.log(
                metrics.step(),
                metrics.values(),
                completions.stream().map(CompletionRecord::toJson).toList()));
        listeners.forEach(listener -> {
            listener.onStep(metrics);
            if (!completions.isEmpty()) {
                listener.onCompletions(completions);
            }
        });
    }
}
