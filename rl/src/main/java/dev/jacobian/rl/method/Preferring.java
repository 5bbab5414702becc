// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.method;

import dev.jacobian.rl.advantage.AdvantageEstimator;
import dev.jacobian.rl.advantage.AgainstOpponents;
import dev.jacobian.rl.advantage.FixedBaseline;
import dev.jacobian.rl.advantage.WinRate;

/** Where win rates come from. */
public enum Preferring {
    /** From rewards: any margin wins. */
    HARD,
    /** From rewards: the chance of a win grows with the margin, σ(scale · difference). */
    SOFT,
    /** The rewards are win rates already, as a preference model's are. */
    GIVEN;

    /** Against the samples of another policy. */
    AdvantageEstimator against(double scale) {
        return switch (this) {
            case HARD -> new AgainstOpponents(new WinRate(WinRate.HARD));
            case SOFT -> new AgainstOpponents(new WinRate(scale));
            case GIVEN -> new FixedBaseline(0.5);
        };
    }

    /** Against the samples of the group. */
    AdvantageEstimator advantages(double scale) {
        return switch (this) {
            case HARD -> new WinRate(WinRate.HARD);
            case SOFT -> new WinRate(scale);
            case GIVEN -> new FixedBaseline(0.5);
        };
    }
}
