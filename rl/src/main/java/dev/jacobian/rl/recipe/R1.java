// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.judge.HeldModel;
import dev.jacobian.rl.judge.RewardModel;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.method.Grpo;
import dev.jacobian.rl.offline.OutcomeValue;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.trace.TraceStyle;
import dev.jacobian.rl.reward.FormatReward;
import dev.jacobian.rl.reward.LanguageReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.selection.Keep;
import dev.jacobian.rl.sft.CountdownDemonstrations;
import dev.jacobian.rl.task.Addition;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.MixedTask;
import dev.jacobian.rl.task.Task;
import java.util.List;

/**
 * DeepSeek-R1 (arXiv 2501.12948): four stages, then a smaller model learns from the large one.
 *
 * <ol>
 *   <li>Cold start: a few long thoughts to imitate. Here some of them are in Chinese, so that languages mix.
 *   <li>Reinforcement learning of reasoning: the reward for a right answer, and as much again for words of one language.
 *   <li>Rejection sampling: the model answers, what is right and readable is kept, and the <em>base</em> model is fine-tuned on it beside data of another
 *       kind.
 *   <li>Reinforcement learning over all scenarios: rules reward reasoning, a reward model the rest.
 *   <li>Distillation: a smaller model imitates answers of the large one; then reinforcement learning on top.
 * </ol>
 */
final class R1 {
    private static final double REASONING = 0.75;
    private static final int LONGEST = 256;

    /** Long thoughts that often give up, three in ten of them in Chinese. */
    private static final TraceStyle MIXED = new TraceStyle(1, 0.3, 0.1, 0.5, 1, 0.3, 0.3);

    private R1() {}

    static Recipe recipe(Ground ground) {
        Ground on = ground.saying(LONGEST);
        Recipe recipe = on.isCountdown()
                ? Recipe.of("r1", new ContextStage("context", on.base(), ContextStage.Config.DEFAULT))
                : new Recipe("r1", List.of());
        Source base = on.isCountdown() ? Source.model("context") : on.base();
        Problems problems = on.problems(Ground.R1_TEMPLATE);

        recipe = recipe.then(new SftStage(
                        "cold-start",
                        "a few long thoughts to imitate, some of them in another language",
                        base,
                        on.demonstrations("r1", MIXED),
                        problems,
                        Ground.ownProblems(on.offline(Sft.DEFAULT, on.of(250, 60), 1e-3), 1),
                        on.check()))
                .then(new RlStage(
                        "reasoning-rl",
                        "GRPO: rewards for the right answer and for one language",
                        Source.model("cold-start"),
                        problems.rewarded("1 for one language", right -> right.plus(LanguageReward.DEFAULT, 1)),
                        Ground.ownProblems(on.rl(Grpo.DEFAULT, on.of(50, 2)), 2),
                        on.check()))
                .then(new SamplingStage(
                        "rejection",
                        "the model answers; what is right and readable is kept",
                        Source.model("reasoning-rl"),
                        problems,
                        Keep.READABLE,
                        on.sampling(on.of(1500, 100), 4)))
                .then(new SftStage(
                        "sft",
                        "the base model is fine-tuned on these answers, beside data of another kind",
                        base,
                        beside(on, Demonstrations.of(new Source.Made("rejection", SamplingStage.DATA))),
                        problems,
                        on.offline(Sft.DEFAULT, on.of(300, 30), 1e-3),
                        on.check()));
        recipe = on.isCountdown()
                ? allScenarios(recipe, on, problems)
                : recipe.then(new RlStage(
                        "rl-all",
                        "GRPO: rewards for the right answer and for the format",
                        Source.model("sft"),
                        problems.rewarded("0.2 for the format", right -> right.plus(FormatReward.DEFAULT, 0.2)),
                        Ground.ownProblems(on.rl(Grpo.DEFAULT, on.of(50, 2)), 3),
                        on.check()));
        return on.isCountdown() || on.student().isPresent() ? distilled(recipe, on, base, problems) : recipe;
    }

    /** Rules reward Countdown, and a model that was trained on judged answers rewards sums. */
    private static Recipe allScenarios(Recipe recipe, Ground on, Problems problems) {
        Problems sums = Problems.of(new Addition());
        Problems byRules = mixture("by rules", problems, sums);
        Problems byModel = mixture(
                "by rules and a model",
                problems,
                new Problems("sums, judged by a model", List.of("reward-model"), R1::judgedSums));
        return recipe.then(new SamplingStage(
                        "judged",
                        "answers of another kind, right and wrong ones",
                        Source.model("sft"),
                        sums,
                        Keep.JUDGED,
                        on.sampling(on.of(1000, 300), 4)))
                .then(new RewardStage(
                        "reward-model",
                        "a reward model learns which of them are right",
                        Source.model("sft"),
                        new Source.Made("judged", SamplingStage.DATA),
                        on.offline(OutcomeValue.DEFAULT, on.of(60, 10), 3e-4)))
                .then(new RlStage(
                        "rl-all",
                        "GRPO over all scenarios: rules reward reasoning, the reward model the rest",
                        Source.model("sft"),
                        byModel,
                        byRules,
                        Ground.ownProblems(on.rl(Grpo.DEFAULT, on.of(50, 2)), 3),
                        on.check()));
    }

    private static Recipe distilled(Recipe recipe, Ground on, Source base, Problems problems) {
        Recipe withStudent = recipe;
        Source student = on.student().map(Source::of).orElse(Source.model("student"));
        if (on.student().isEmpty()) {
            withStudent = recipe.then(new NewModelStage("small", base, NewModelStage.Size.DEFAULT))
                    .then(new SftStage(
                            "student",
                            "the small model learns what a base model knows",
                            Source.model("small"),
                            Demonstrations.of(new CountdownDemonstrations(Countdown.small(), 0.5)),
                            problems,
                            Ground.ownProblems(on.offline(Sft.DEFAULT, on.of(700, 30), 2e-3), 4),
                            on.check()));
        }
        return withStudent
                .then(new SamplingStage(
                        "answers",
                        "the large model answers; what is right is kept",
                        Source.model("rl-all"),
                        problems,
                        Keep.RIGHT,
                        on.sampling(on.of(1500, 100), 4)))
                .then(new SftStage(
                        "distill",
                        "the small model imitates the large one's answers",
                        student,
                        Demonstrations.of(new Source.Made("answers", SamplingStage.DATA)),
                        problems,
                        on.offline(Sft.DEFAULT, on.of(400, 30), 1e-3),
                        on.check()))
                .then(new RlStage(
                        "distill-rl",
                        "GRPO on top of the distilled model",
                        Source.model("distill"),
                        problems,
                        Ground.ownProblems(on.rl(Grpo.DEFAULT, on.of(40, 2)), 5),
                        on.check()));
    }

    private static Demonstrations beside(Ground on, Demonstrations own) {
        return on.isCountdown() ? own.mixedWith(Demonstrations.of(new Sums(new Addition(), 0.4))) : own;
    }

    private static Task judgedSums(StageContext context) {
        RewardModel model =
                new RewardModel(HeldModel.resident(context.load(context.product("reward-model", Source.MODEL))));
        return new RewardedTask(new Addition(), WeightedRewards.of(new VerdictReward(model)), 1);
    }

    private static Problems mixture(String said, Problems reasoning, Problems other) {
        return new Problems(
                reasoning.description() + " and " + other.description() + ", " + said,
                other.inputs(),
                context -> new MixedTask(List.of(
                        new MixedTask.Part("countdown", REASONING, reasoning.task(context)),
                        new MixedTask.Part("addition", 1 - REASONING, other.task(context)))));
    }
}
