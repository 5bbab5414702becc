// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import static dev.jacobian.rl.config.Checks.require;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Setting;

/** How much of a long model and how much of a short one is in what they are merged to. */
public record MergeShare(
        @Setting(value = "0.5", doc = "weight of the long model; the short one has what is left to 1")
        double weight) {
    /** Half and half. */
    public static final MergeShare DEFAULT = ConfigTree.defaults(MergeShare.class);

    public MergeShare {
        require(weight >= 0 && weight <= 1, "the weight of the long model lies in [0, 1], got " + weight);
    }
}
