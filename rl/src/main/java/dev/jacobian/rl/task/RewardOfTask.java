// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Completion;
import dev.jacobian.rl.reward.RewardFunction;
import dev.jacobian.rl.reward.Score;
import java.util.Optional;

/**
 * A reward that looks at the problems of one task of a {@link MixedTask}, and skips the others.
 *
 * @param task whose problems it scores
 * @param name in metrics
 */
record RewardOfTask(String task, String name, RewardFunction own) implements RewardFunction {
    @Override
    public Score score(Completion completion) {
        return isOwn(completion.columns()) ? own.score(MixedTask.own(completion)) : Score.skip();
    }

    @Override
    public void requireUsable(Columns columns) {
        if (isOwn(columns)) {
            own.requireUsable(MixedTask.own(columns));
        }
    }

    private boolean isOwn(Columns columns) {
        return MixedTask.isOf(task, columns);
    }

    @Override
    public Running running() {
        return own.running();
    }

    @Override
    public Optional<String> waitsFor() {
        return own.waitsFor();
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
