// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.RewardCallConfig;
import java.util.List;

/** How a measurement calls rewards: {@code rl}'s settings of that, {@code --set reward_timeout=5}. */
final class RewardCalls {
    private static final List<String> KEYS = ConfigTree.names(RewardCallConfig.DEFAULT);

    private RewardCalls() {}

    /** What the settings say of it. */
    static RewardCallConfig of(Given given) {
        Given some = new Given();
        KEYS.forEach(key -> given.get(key).ifPresent(value -> some.set(key, value)));
        return ConfigTree.with(RewardCallConfig.DEFAULT, some);
    }

    /** The other settings. */
    static Given without(Given given) {
        return given.without(KEYS);
    }

    /** What there is to be set, for messages. */
    static String keys() {
        return String.join(", ", KEYS);
    }
}
