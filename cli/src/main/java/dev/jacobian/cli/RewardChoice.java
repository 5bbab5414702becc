// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.judge.ReasoningJudge;
import dev.jacobian.rl.judge.RewardModel;
import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Whose word a completion's reward is, instead of the task's own: a reward model's, or a judge's that reasons.
 *
 * @param model a reward model's folder
 * @param judge a judge's folder
 * @param offloaded whether it lies in the host's memory while it does not score
 */
record RewardChoice(Optional<Path> model, Optional<Path> judge, boolean offloaded) {
    /** The task's own. */
    static final RewardChoice TASK = new RewardChoice(Optional.empty(), Optional.empty(), false);

    private static final String MODEL = "reward_model";
    private static final String JUDGE = "judge";
    private static final String OFFLOADED = "offload_reward_model";
    private static final int REASONING_TOKENS = 512;

    /** Rewards of a model; empty for the task's own. */
    Optional<WeightedRewards> load(Function<Path, ModelOptions> options) {
        Optional<BatchReward> reward = model.<BatchReward>map(folder -> new RewardModel(held(folder, options)))
                .or(() -> judge.map(folder -> new ReasoningJudge(held(folder, options), "answer", REASONING_TOKENS)));
        return reward.map(WeightedRewards::of);
    }

    /** The reward from which on a completion counts as solving its problem: better odds than even, or a judge's yes. */
    double solvedThreshold() {
        return model.isPresent() ? 0 : 1;
    }

    private HeldModel held(Path folder, Function<Path, ModelOptions> options) {
        ModelOptions there = options.apply(folder);
        return offloaded
                ? HeldModel.offloaded(CausalLM.load(folder), there.device(), there.computeType())
                : HeldModel.resident(CausalLM.load(folder, there));
    }

    /** The same in run.json. */
    Map<String, String> options() {
        Map<String, String> options = new TreeMap<>();
        model.ifPresent(folder -> options.put(MODEL, absolute(folder)));
        judge.ifPresent(folder -> options.put(JUDGE, absolute(folder)));
        if (offloaded) {
            options.put(OFFLOADED, "true");
        }
        return options;
    }

    private static String absolute(Path folder) {
        return folder.toAbsolutePath().normalize().toString();
    }

    /** The choice that a run was started with. */
    static RewardChoice read(JsonNode options) {
        return new RewardChoice(
                path(options, MODEL),
                path(options, JUDGE),
                options.path(OFFLOADED).asBoolean());
    }

    private static Optional<Path> path(JsonNode options, String key) {
        return Optional.ofNullable(options.get(key)).map(node -> Path.of(node.asText()));
    }
}
