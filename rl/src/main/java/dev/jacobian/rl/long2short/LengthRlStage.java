// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlResult;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.reward.GroupLengthReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Task;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Reinforcement learning in which length has a price, within a shorter limit: k1.5's second phase. The stage's folder is the run's, so a killed stage
 * goes on from its last checkpoint.
 *
 * @param name of the stage
 * @param model what is trained
 * @param subject what is asked
 * @param lengthWeight of {@link GroupLengthReward}; below 2 every right answer stays above every wrong one
 * @param config of the run; its seed is the pipeline's
 */
record LengthRlStage(String name, Source model, Subject subject, double lengthWeight, RlConfig config)
        implements Stage {
    private static final String WEIGHT = "length_weight";

    LengthRlStage {
        if (!(lengthWeight >= 0 && lengthWeight < 2)) {
            throw new IllegalArgumentException(
                    "length_weight lies in [0, 2): from 2 on a wrong answer could earn more than a right one, got "
                            + lengthWeight);
        }
    }

    @Override
    public String purpose() {
        return "Reinforcement learning with a reward for shorter right answers and a smaller limit.";
    }

    @Override
    public List<String> inputs() {
        return model.stages();
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = config.toJson();
        settings.remove("seed");
        return settings.put("model", model.toString())
                .put("problems", subject.description())
                .put(WEIGHT, lengthWeight);
    }

    @Override
    public Stage with(Given given) {
        double other = given.get(WEIGHT)
                .map(value -> value.json().asDouble(Double.NaN))
                .orElse(lengthWeight);
        return new LengthRlStage(name, model, subject, other, config.with(given.without(List.of(WEIGHT))));
    }

    @Override
    public StageResult run(StageContext context) {
        Path from = model.in(context);
        Path folder = context.folder();
        RlConfig seeded = config.toBuilder().seed(context.seed()).build();
        Task own = subject.task();
        WeightedRewards rewards = own.rewards();
        String decides = rewards.rewards().getFirst().function().name();
        Task shorter = new RewardedTask(
                own,
                rewards.plus(new GroupLengthReward(own.solvedThreshold()), lengthWeight)
                        .decidedBy(decides),
                own.solvedThreshold());
        RlTrainer trainer = new RlTrainer(context.load(from), shorter, seeded)
                .listener(context.listener())
                .output(
                        folder,
                        new RunOrigin(from.toString(), own.name(), Optional.empty(), false, Map.of("stage", name)),
                        Files.exists(folder.resolve("run.json")));
        RlResult result = trainer.train();
        return StageResult.EMPTY
                .figure("steps", result.steps())
                .figure("samples", result.samples())
                .product(Source.MODEL, ".");
    }
}
