// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.judge.PreferenceModel;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.method.Preferring;
import dev.jacobian.rl.method.Sppo;
import dev.jacobian.rl.offline.GeneralPreference;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.reward.PreferenceReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.selection.Keep;
import dev.jacobian.rl.task.Task;

/**
 * Self-play preference optimisation (SPPO, Wu et al., arXiv 2405.00675), with the preference model that it needs.
 *
 * <p>The base model answers, and of two answers to one problem the better is known: a right one beats a wrong one, and of two right ones the shorter
 * wins. A general preference model learns to tell which (Zhang et al., arXiv 2410.02197). Then come three iterations. In each the policy answers new
 * problems five times, the preference model compares the answers two by two, and the policy regresses the logarithm of how much likelier an
 * answer became on how often it wins. The rules that say what is right are not asked again, but to measure.
 */
final class SelfPlay {
    private static final String NAME = "sppo";
    private static final int ITERATIONS = 3;
    private static final int PAIRS_AT_ONCE = 32;

    /** Twice as many lead the policy in three iterations to answers unlike those that the preference model has seen, and what wins is no longer right. */
    private static final int UPDATES = 8;

    private SelfPlay() {}

    static Recipe recipe(Ground on) {
        Recipe recipe = Recipe.of(
                NAME,
                new SamplingStage(
                        "pairs",
                        "the base model answers; the better and the worse answer to a problem become a pair",
                        on.base(),
                        on.problems(),
                        Keep.PAIRS,
                        on.sampling(on.of(3000, 60), 8)),
                new RewardStage(
                        "preference",
                        "a general preference model learns which answer of a pair is better",
                        on.base(),
                        new Source.Made("pairs", SamplingStage.DATA),
                        onePass(on, on.offline(GeneralPreference.DEFAULT, -1, 3e-4))));
        Source policy = on.base();
        for (int i = 1; i <= ITERATIONS; i++) {
            String stage = "iteration-" + i;
            recipe = recipe.then(new RlStage(
                    stage,
                    "iteration " + i + ": five answers to each problem, compared two by two",
                    policy,
                    judged(on),
                    on.problems(),
                    iteration(on, i),
                    on.check()));
            policy = Source.model(stage);
        }
        return recipe;
    }

    /** Small batches for the bundled model: a pass over few pairs shall have more than a handful of steps. */
    private static OfflineConfig onePass(Ground on, OfflineConfig config) {
        OfflineConfig.Builder once = config.toBuilder().numTrainEpochs(1);
        return on.bundled() ? once.perDeviceTrainBatchSize(PAIRS_AT_ONCE).build() : once.build();
    }

    /** The problems, where samples are compared with each other by the preference model. */
    private static Problems judged(Ground on) {
        Source judge = Source.model("preference");
        return new Problems(
                on.problems().description() + ", judged by " + judge,
                judge.stages(),
                context -> judged(on.problems().task(context), judge, context));
    }

    private static Task judged(Task task, Source judge, StageContext context) {
        PreferenceModel model = new PreferenceModel(
                HeldModel.resident(context.load(judge.in(context))), PreferenceModel.trainedTau(judge.in(context)));
        return new RewardedTask(
                task, WeightedRewards.of(PreferenceReward.winRate("preference_model", model)), Double.NaN);
    }

    /** One rollout on problems of its own, learned from in several steps: then the anchor moves. */
    private static RlConfig iteration(Ground on, int number) {
        Sppo sppo = ConfigTree.with(
                Sppo.DEFAULT,
                new Given()
                        .set("preference", Preferring.GIVEN, NAME)
                        .set("updates_per_rollout", on.of(UPDATES, 4), NAME));
        RlConfig config = on.rl(sppo, 1).toBuilder()
                .promptsPerStep(on.of(512, 16))
                .numGenerations(5)
                .build();
        return Ground.ownProblems(config, number);
    }
}
