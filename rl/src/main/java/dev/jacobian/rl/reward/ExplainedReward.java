// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.reward;

/** A reward function that can say what it saw; training asks for the score alone. */
public interface ExplainedReward extends RewardFunction {

    /** The score of one completion, and what led to it. */
    Explanation explain(Completion completion);

    @Override
    default Score score(Completion completion) {
        return explain(completion).score();
    }
}
