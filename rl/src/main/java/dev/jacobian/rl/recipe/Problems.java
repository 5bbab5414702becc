// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Task;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/**
 * The problems of a stage with their rewards, made when the stage runs: they may need what earlier stages made, such as a reward model.
 *
 * @param description all that decides them, in words or settings: what {@code stage.json} says, and what is compared when a pipeline goes on
 * @param inputs stages whose products they need
 * @param make makes them
 */
public record Problems(String description, List<String> inputs, Function<StageContext, Task> make) {
    /** Copies the list. */
    public Problems {
        inputs = List.copyOf(inputs);
    }

    /** A task that is there already; a task that is a record says itself what it is. */
    public static Problems of(Task task) {
        return new Problems(task.toString(), List.of(), context -> task);
    }

    /** What an earlier stage chose or made, such as rows of problems. */
    public static Problems made(String description, Source source, Function<Path, Task> read) {
        return new Problems(description + " of " + source, source.stages(), context -> read.apply(source.in(context)));
    }

    /**
     * The same with other rewards. What decided whether a problem is solved still does: the first of them, as it stands.
     *
     * @param said what is changed, in words
     */
    public Problems rewarded(String said, UnaryOperator<WeightedRewards> change) {
        return new Problems(description + ", " + said, inputs, context -> {
            Task task = make.apply(context);
            WeightedRewards changed = change.apply(task.rewards());
            String decides = changed.rewards().getFirst().function().name();
            return new RewardedTask(task, changed.decidedBy(decides), task.solvedThreshold());
        });
    }

    /** The problems, now that the stages are finished whose products they need. */
    public Task task(StageContext context) {
        return make.apply(context);
    }
}
