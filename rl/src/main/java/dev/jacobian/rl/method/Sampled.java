// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.Selected;
import dev.jacobian.rl.advantage.Selection;

/** Which samples of a group are learned from, after all of them were compared. */
public enum Sampled {
    /** Every one. */
    ALL,
    /** The best and the worst. */
    BEST_AND_WORST;

    AdvantageEstimator of(AdvantageEstimator compared) {
        return this == ALL ? compared : new Selected(compared, new Selection.BestAndWorst());
    }
}
