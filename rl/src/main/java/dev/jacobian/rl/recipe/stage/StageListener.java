// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe.stage;

import dev.jacobian.rl.observe.TrainingListener;

/** Follows a pipeline. */
public interface StageListener {
    /** Hears nothing. */
    StageListener NONE = new StageListener() {};

    /**
     * A stage begins, or is gone on with.
     *
     * @param number from 1
     * @param of how many there are
     * @return follows the runs within
     */
    default TrainingListener begins(Stage stage, int number, int of) {
        return new TrainingListener() {};
    }

    /**
     * A stage is finished.
     *
     * @param before whether it was so before the pipeline went on
     */
    default void finished(StageFile file, int number, int of, boolean before) {}
}
