// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.reward.GroupLengthReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Task;
import java.util.ArrayList;
import java.util.List;

/**
 * Reinforcement learning in which length has a price: of right answers to a problem the shorter earn more, once so many steps are made ({@link
 * GroupLengthReward}). What is right stays what the problems say.
 *
 * @param rl the same without the price
 * @param price of length
 */
public record ShorterRlStage(RlStage rl, ShorterConfig price) implements Stage {
    @Override
    public String name() {
        return rl.name();
    }

    @Override
    public String purpose() {
        return rl.purpose();
    }

    @Override
    public List<String> inputs() {
        return rl.inputs();
    }

    @Override
    public ObjectNode settings() {
        return rl.settings().setAll(ConfigTree.toJson(price));
    }

    @Override
    public ShorterRlStage with(Given given) {
        return new ShorterRlStage(rl.with(OwnSettings.without(price, given)), OwnSettings.with(price, given));
    }

    @Override
    public void check(StageContext context) {
        priced().check(context);
    }

    @Override
    public StageResult run(StageContext context) {
        return priced().run(context);
    }

    private RlStage priced() {
        Problems own = rl.problems();
        Problems dear = new Problems(own.description(), own.inputs(), context -> priced(own.task(context)));
        return new RlStage(rl.name(), rl.purpose(), rl.model(), dear, rl.measured(), rl.config(), rl.check());
    }

    private Task priced(Task task) {
        List<WeightedRewards.Weighted> rewards = new ArrayList<>(task.rewards().rewards());
        rewards.add(new WeightedRewards.Weighted(
                new GroupLengthReward(task.solvedThreshold()), price.lengthWeight(), price.lengthWarmupSteps()));
        return new RewardedTask(
                task,
                new WeightedRewards(rewards)
                        .decidedBy(rewards.getFirst().function().name()),
                task.solvedThreshold());
    }
}
