// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward.catalog;

import dev.jacobian.rl.judge.HeldModel;
import java.nio.file.Path;

/** Loads the models that rewards ask, wherever the caller computes. */
@FunctionalInterface
public interface RewardModels {
    /**
     * A model.
     *
     * @param folder its checkpoint
     * @param offloaded whether it lies in the host's memory while it does not score
     */
    HeldModel load(Path folder, boolean offloaded);

    /** For callers that hold no models. */
    RewardModels NONE = (folder, offloaded) -> {
        throw new IllegalArgumentException("no model can be loaded here, so " + folder + " cannot score");
    };
}
