// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;

/**
 * A reward that looks at the problems of one task of a {@link MixedTask}, and skips the others.
 *
 * @param task whose problems it scores
 * @param name in metrics
 */
record RewardOfTask(String task, String name, RewardFunction own) implements RewardFunction {
    @Override
    public Score score(Completion completion) {
        return isOwn(completion.columns()) ? own.score(completion) : Score.skip();
    }

    @Override
    public void requireUsable(Columns columns) {
        if (isOwn(columns)) {
            own.requireUsable(columns);
        }
    }

    private boolean isOwn(Columns columns) {
        return task.equals(columns.values().get(MixedTask.COLUMN));
    }

    @Override
    public Running running() {
        return own.running();
    }

    @Override
    public boolean repeatable() {
        return own.repeatable();
    }

    @Override
    public boolean needsTokens() {
        return own.needsTokens();
    }
}
