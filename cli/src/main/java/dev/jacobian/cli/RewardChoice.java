// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.judge.PreferenceModel;
import dev.jacobian.rl.judge.ReasoningJudge;
import dev.jacobian.rl.judge.RewardModel;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.reward.BatchReward;
import dev.jacobian.rl.reward.PreferenceReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.reward.catalog.ChosenRewards;
import dev.jacobian.rl.reward.catalog.RewardModels;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.ModelOptions;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

/**
 * Whose word a completion's reward is, instead of the task's own: a reward model's, a judge's that reasons, or a preference model's that
 * compares the samples of a prompt.
 *
 * @param model a reward model's folder
 * @param judge a judge's folder
 * @param preference a general preference model's folder
 * @param form what is made of its comparisons
 * @param offloaded whether it lies in the host's memory while it does not score
 * @param named rewards beside
 */
record RewardChoice(
        Optional<Path> model,
        Optional<Path> judge,
        Optional<Path> preference,
        PreferenceReward.Form form,
        boolean offloaded,
        ChosenRewards named) {
    /** The task's own. */
    static final RewardChoice TASK = new RewardChoice(
            Optional.empty(),
            Optional.empty(),
            Optional.empty(),
            PreferenceReward.Form.WIN_RATE,
            false,
            ChosenRewards.NONE);

    private static final String MODEL = "reward_model";
    private static final String JUDGE = "judge";
    private static final String PREFERENCE = "preference_model";
    private static final String FORM = "preference_form";
    private static final String NAMED = "rewards";
    private static final String OFFLOADED = "offload_reward_model";
    private static final int REASONING_TOKENS = 512;

    /** Rewards of a model; empty for the task's own. */
    Optional<WeightedRewards> load(Function<Path, ModelOptions> options) {
        Optional<BatchReward> reward = model.<BatchReward>map(folder -> new RewardModel(held(folder, options)))
                .or(() -> judge.map(folder -> new ReasoningJudge(held(folder, options), "answer", REASONING_TOKENS)))
                .or(() -> preference.map(folder -> new PreferenceReward(
                        PREFERENCE,
                        new PreferenceModel(held(folder, options), PreferenceModel.trainedTau(folder)),
                        form)));
        return reward.map(WeightedRewards::of);
    }

    /** A task with these rewards, or with its own, and with the named ones beside. */
    Task of(Task task, Function<Path, ModelOptions> options) {
        Optional<WeightedRewards> loaded = load(options);
        if (!named.isEmpty()) {
            WeightedRewards all = named.beside(loaded.orElseGet(task::rewards), models(options));
            return new RewardedTask(task, all, loaded.isPresent() ? solvedThreshold() : task.solvedThreshold());
        }
        return loaded.<Task>map(rewards -> new RewardedTask(task, rewards, solvedThreshold()))
                .orElse(task);
    }

    /**
     * The reward from which on a completion counts as solving its problem: better odds than even, or a judge's yes. Comparisons do not say
     * it of a completion by itself.
     */
    double solvedThreshold() {
        return preference.isPresent() ? Double.NaN : model.isPresent() ? 0 : 1;
    }

    /** The same with comparisons as a method wants them: GPO learns from scores, others from win rates. */
    RewardChoice with(PreferenceReward.Form other) {
        return new RewardChoice(model, judge, preference, other, offloaded, named);
    }

    /** The same with other named rewards beside. */
    RewardChoice with(ChosenRewards others) {
        return new RewardChoice(model, judge, preference, form, offloaded, others);
    }

    /**
     * What a person should know of it.
     *
     * @param ofRows whether there are no rewards of a generated task beside
     */
    Optional<String> remark(boolean ofRows) {
        boolean isAlone = ofRows && model.isEmpty() && judge.isEmpty() && preference.isEmpty();
        return isAlone ? named.remark() : Optional.empty();
    }

    /** Whether it says more than that rewards are the task's own. */
    boolean isMade() {
        return model.isPresent() || judge.isPresent() || preference.isPresent() || !named.isEmpty();
    }

    /** The models of named rewards. */
    RewardModels models(Function<Path, ModelOptions> options) {
        return (folder, offload) -> held(ModelOption.existing(folder, "path"), options, offload);
    }

    private HeldModel held(Path folder, Function<Path, ModelOptions> options) {
        return held(folder, options, offloaded);
    }

    private static HeldModel held(Path folder, Function<Path, ModelOptions> options, boolean offloaded) {
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
        preference.ifPresent(folder -> {
            options.put(PREFERENCE, absolute(folder));
            options.put(FORM, form.name().toLowerCase(Locale.ROOT));
        });
        if (offloaded) {
            options.put(OFFLOADED, "true");
        }
        if (!named.isEmpty()) {
            options.put(NAMED, Json.compact(named.toJson()));
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
                path(options, PREFERENCE),
                options.path(FORM).asText().equals("score")
                        ? PreferenceReward.Form.SCORE
                        : PreferenceReward.Form.WIN_RATE,
                options.path(OFFLOADED).asBoolean(),
                options.has(NAMED)
                        ? ChosenRewards.read(Json.parse(options.get(NAMED).asText(), "run.json"), "run.json, rewards")
                        : ChosenRewards.NONE);
    }

    private static Optional<Path> path(JsonNode options, String key) {
        return Optional.ofNullable(options.get(key)).map(node -> Path.of(node.asText()));
    }
}
