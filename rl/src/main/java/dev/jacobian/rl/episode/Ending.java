// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.episode;

import java.util.Locale;

/** Why an episode ended. */
public enum Ending {
    /** The environment said that it is over. */
    DONE,
    /** The tokens of all turns and observations reached their limit, or what the environment answered did not fit. */
    LENGTH,
    /** The policy had as many turns as it may have. */
    TURNS,
    /** The policy ran in circles. */
    REPETITION,
    /** The environment failed; the episode has no reward. */
    FAILED,
    /** It was interrupted and can go on. */
    PAUSED;

    /** Its name in metrics and logs. */
    public String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Whether a limit cut it, before anybody said that it is over. */
    public boolean isCut() {
        return this == LENGTH || this == TURNS;
    }
}
