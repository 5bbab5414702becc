// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cluster.plan;

/**
 * How workers are lost.
 *
 * @param perHour how often each of them is, in an hour
 * @param notice seconds until the master notices and gives what was not done to others
 * @param away seconds until it is back, without model and weights
 */
public record Losses(double perHour, double notice, double away) {
    /** None is ever lost. */
    public static final Losses NONE = new Losses(0, 0, 0);

    public Losses {
        LoopModel.require(
                perHour >= 0 && perHour <= 3600, "a worker is lost 0 to 3600 times an hour, found " + perHour);
        LoopModel.require(notice >= 0 && Double.isFinite(notice), "noticing takes 0 or more seconds, found " + notice);
        LoopModel.require(away >= 0 && Double.isFinite(away), "a worker is away 0 or more seconds, found " + away);
    }
}
