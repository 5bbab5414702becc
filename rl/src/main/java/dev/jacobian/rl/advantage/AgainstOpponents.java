// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.advantage;

/**
 * A_i = P̂(y_i beats an opponent) − ½, the mean over the prompt's {@linkplain GroupRewards#extra extra samples}, which another policy
 * drew (Nash-MD, arXiv 2312.00886).
 *
 * @param preference how a difference of rewards becomes a win
 */
public record AgainstOpponents(WinRate preference) implements GroupEstimator {
    @Override
    public double[] advantages(GroupRewards group) {
        double[] opponents = group.extra();
        if (opponents.length == 0) {
            throw new IllegalArgumentException(
                    "win rates against another policy need samples of it, and there are none");
        }
        double[] advantages = new double[group.size()];
        for (int i = 0; i < advantages.length; i++) {
            for (double opponent : opponents) {
                if (group.isScored(i) && !Double.isNaN(opponent)) {
                    advantages[i] += preference.lead(group.rewards()[i] - opponent) / opponents.length;
                }
            }
        }
        return advantages;
    }
}
