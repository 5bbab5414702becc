// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.CurriculumConfig;
import dev.jacobian.rl.method.Omd;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.promptset.EasyToGuess;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.trace.TraceStyle;
import java.util.List;
import java.util.Optional;

/**
 * Kimi k1.5 (arXiv 2501.12599): long thoughts by reinforcement learning with online mirror descent, and then short ones.
 *
 * <ol>
 *   <li>Supervised fine-tuning on short solutions.
 *   <li>Warm-up on a small set of long thoughts that plan, evaluate, reflect and explore.
 *   <li>The set of prompts: what can be guessed goes, and the rest is told how hard it is.
 *   <li>Mirror descent, easy prompts first, with partial rollouts: a long sample goes on in the next rollout.
 *   <li>Mirror descent on prompts in proportion to how often they are still failed; after a while shorter right answers earn more.
 *   <li>Long to short: the same once more with a smaller limit and the length reward from the beginning.
 * </ol>
 */
final class KimiK15 {
    private static final int LONGEST = 320;

    private KimiK15() {}

    static Recipe recipe(Ground ground) {
        Ground on = ground.saying(LONGEST);
        Recipe recipe = on.isCountdown()
                ? Recipe.of("k1.5", new ContextStage("context", on.base(), ContextStage.Config.DEFAULT))
                : new Recipe("k1.5", List.of());
        Source base = on.isCountdown() ? Source.model("context") : on.base();
        Problems problems = on.problems();
        int steps = on.of(40, 3);

        Optional<Demonstrations> solutions = on.solutions(TraceStyle.SHORT.giveUp(0.3));
        if (solutions.isPresent()) {
            recipe = recipe.then(new SftStage(
                    "sft",
                    "short solutions to imitate",
                    base,
                    solutions.get(),
                    problems,
                    Ground.ownProblems(on.offline(Sft.DEFAULT, on.of(150, 10), 5e-4), 1),
                    on.check()));
            base = Source.model("sft");
        }
        return recipe.then(new SftStage(
                        "warm-up",
                        "a few long thoughts that plan, evaluate, reflect and explore",
                        base,
                        on.demonstrations(
                                "k1.5", TraceStyle.DEFAULT.verbosity(2).giveUp(0.25)),
                        problems,
                        Ground.ownProblems(on.offline(Sft.DEFAULT, on.of(250, 60), 1e-3), 2),
                        on.check()))
                .then(new PromptStage(
                        "prompts", Source.model("warm-up"), problems, withoutThinking(on), promptConfig(on)))
                .then(new RlStage(
                        "rl-curriculum",
                        "mirror descent, easy prompts first, with partial rollouts",
                        Source.model("warm-up"),
                        PromptStage.chosen("prompts", "right", on.accuracy()),
                        problems,
                        mirrorDescent(on, steps).toBuilder()
                                .curriculum(CurriculumConfig.Kind.EASY_TO_HARD)
                                .difficultyColumn("pass_rate")
                                .build(),
                        on.check()))
                .then(shorter(
                        on,
                        "rl-prioritized",
                        "mirror descent on what still fails; after a while shorter right answers earn more",
                        "rl-curriculum",
                        mirrorDescent(on, steps),
                        steps / 3))
                .then(shorter(
                        on,
                        "long2short",
                        "a smaller limit of tokens, and shorter right answers earn more from the beginning",
                        "rl-prioritized",
                        mirrorDescent(on.limitedTo(on.tokens() / 2), steps),
                        0));
    }

    /** By priority, and with a price on length once so many steps are made. */
    private static ShorterRlStage shorter(
            Ground on, String name, String purpose, String from, RlConfig config, int warmup) {
        return new ShorterRlStage(
                new RlStage(
                        name,
                        purpose,
                        Source.model(from),
                        PromptStage.chosen("prompts", "right", on.accuracy()),
                        on.problems(),
                        config.toBuilder()
                                .curriculum(CurriculumConfig.Kind.PRIORITIZED)
                                .build(),
                        on.check()),
                new ShorterConfig(ShorterConfig.DEFAULT.lengthWeight(), warmup));
    }

    /** The bundled model is given an empty thought; others are told in words. */
    private static String withoutThinking(Ground on) {
        return on.isCountdown() ? "<think>\n</think>\n" : EasyToGuess.INSTRUCTION;
    }

    private static PromptStage.Config promptConfig(Ground on) {
        PromptStage.Config usual = PromptStage.Config.DEFAULT;
        return new PromptStage.Config(
                on.of(1024, 64),
                usual.guesses(),
                usual.samples(),
                usual.temperature(),
                on.tokens(),
                usual.lowest(),
                usual.highest());
    }

    private static RlConfig mirrorDescent(Ground on, int steps) {
        RlConfig.Builder config = on.rl(Omd.DEFAULT.with("tau", 0.1).with("updates_per_rollout", 4), steps).toBuilder()
                .rolloutTokenBudget(on.tokens() / 2);
        return on.bundled() ? config.learningRate(on.quick() ? 1e-4 : 3e-5).build() : config.build();
    }
}
