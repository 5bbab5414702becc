// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl;

import java.util.List;

/** Follows a training run: progress displays, files and charts hang on this. Called on the trainer's thread. */
public interface TrainingListener {
    /** A step ended. */
    default void onStep(StepMetrics metrics) {}

    /** Completions worth showing, a few per step. */
    default void onCompletions(List<CompletionRecord> completions) {}

    /** A message for the person who watches. */
    default void onMessage(String message) {}
}
