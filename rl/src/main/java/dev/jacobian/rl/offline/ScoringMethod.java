// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.learn.Reading;
import dev.jacobian.transformer.plan.Head;
import java.util.Map;
import java.util.Optional;

/** A method that trains a reward model: the loss is a function of the numbers that a head gives. */
interface ScoringMethod<E> extends OfflineMethod<E> {
    /** The head. */
    Head.Scores scores();

    @Override
    default Map<String, Object> defaults() {
        return Map.of("learning_rate", 1e-4, "lr_scheduler_type", "linear");
    }

    @Override
    default Optional<Head.Scores> head() {
        return Optional.of(scores());
    }

    @Override
    default Reading reading() {
        return new Reading.Scores(scores().labels());
    }
}
