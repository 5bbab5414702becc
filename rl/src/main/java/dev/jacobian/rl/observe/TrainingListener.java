// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.observe;

import java.util.List;
import java.util.function.Consumer;

/** Follows a training run: progress displays, files and charts hang on this. Called on the trainer's thread. */
public interface TrainingListener {
    /** The run begins; what it does at any moment can be looked at meanwhile, from any thread. */
    default void onStart(Activity activity) {}

    /** A step ended. */
    default void onStep(StepMetrics metrics) {}

    /** Completions worth showing, a few per step. */
    default void onCompletions(List<CompletionRecord> completions) {}

    /** A message for the person who watches. */
    default void onMessage(String message) {}

    /** A listener that is shown the metrics of every step. */
    static TrainingListener eachStep(Consumer<StepMetrics> action) {
        return new TrainingListener() {
            @Override
            public void onStep(StepMetrics metrics) {
                action.accept(metrics);
            }
        };
    }
}
