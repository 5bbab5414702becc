// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.task;

import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.Columns;
import dev.jacobian.rl.reward.Score;
import java.util.List;
import java.util.Optional;

/**
 * A reward that looks at the groups of one task of a {@link MixedTask} together, and is not asked about the others.
 *
 * @param task whose problems it scores
 * @param name in metrics
 */
record BatchRewardOfTask(String task, String name, BatchReward own) implements BatchReward {
    @Override
    public List<List<Score>> score(List<Samples> groups) {
        return own.score(groups.stream()
                .map(group -> new Samples(
                        group.completions().stream().map(MixedTask::own).toList(), group.rewards()))
                .toList());
    }

    @Override
    public boolean concerns(Columns columns) {
        return MixedTask.isOf(task, columns) && own.concerns(MixedTask.own(columns));
    }

    @Override
    public void requireUsable(Columns columns) {
        if (MixedTask.isOf(task, columns)) {
            own.requireUsable(MixedTask.own(columns));
        }
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
