// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reproduction;

/**
 * A claim in its two sizes.
 *
 * @param full with the settings that a verdict is published of
 * @param quick with settings for seconds, which show that everything runs and nothing more
 * @param minutes of processor time that a seed of the full size takes, about
 */
public record Experiment(Claim full, Claim quick, double minutes) {
    public Experiment {
        if (!full.getClass().equals(quick.getClass())) {
            throw new IllegalArgumentException("a claim's two sizes are settings of one experiment, but "
                    + full.about().id() + " has " + full.getClass().getSimpleName() + " and "
                    + quick.getClass().getSimpleName());
        }
    }

    /** What it is about; the same in both sizes. */
    public ClaimFacts about() {
        return full.about();
    }

    /** The claim in a size. */
    public Claim sized(boolean isQuick) {
        return isQuick ? quick : full;
    }
}
