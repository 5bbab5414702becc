// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.offline.Dpo;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.recipe.AnswersConfig;
import dev.jacobian.rl.recipe.CheckConfig;
import dev.jacobian.rl.recipe.Demonstrations;
import dev.jacobian.rl.recipe.PairsStage;
import dev.jacobian.rl.recipe.Problems;
import dev.jacobian.rl.recipe.Recipe;
import dev.jacobian.rl.recipe.RlStage;
import dev.jacobian.rl.recipe.SamplingStage;
import dev.jacobian.rl.recipe.SftStage;
import dev.jacobian.rl.recipe.ShorterConfig;
import dev.jacobian.rl.recipe.ShorterRlStage;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.trace.CountdownTraces;
import dev.jacobian.rl.recipe.trace.TraceStyle;
import dev.jacobian.rl.selection.Selection;
import dev.jacobian.rl.selection.ShorterPairs;
import dev.jacobian.rl.selection.ShortestCorrect;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Countdown;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The four ways from a long model to a short one, one after the other, and all of them measured: merging, shortest rejection sampling, DPO on pairs of
 * short and long, mirror descent with a price on length (Kimi k1.5, 2.4 and figure 7).
 *
 * <p>With a model of one's own that is what all begin from, and {@code merge} is there where a short relative is. With the bundled model both are made
 * first: a long one that has learned searches which think aloud and check themselves, and a short one that has learned bare ones, from the same weights.
 *
 * <p>Decisions: the long model answers once, and demonstrations and pairs are chosen from the same answers. Reinforcement learning makes {@value #UPDATES} updates on
 * each rollout, as mirror descent means it: with a single one the policy is its own anchor, and the strength of the anchor would have no effect.
 */
public final class LongToShort {
    /** What the recipe is called. */
    public static final String NAME = "long2short";

    /** The product of the last stage: the page. */
    public static final String PAGE = MeasureStage.PAGE;

    /** The stage that measures. */
    public static final String MEASURE = "measure";

    /** Looks at every fourth line again and checks its answer three times: habits that a small model learns fast, and could do without. */
    private static final TraceStyle LONG = new TraceStyle(0, 0, 0.25, 0, 3, 0, 0);

    private static final int POSITIONS = 240; // of the bundled model's 256, a prompt has up to 14
    private static final int UPDATES = 4;
    private static final String ANSWERS = "answers";
    private static final String SHORTEST = "shortest";
    private static final String PAIRS = "pairs";
    private static final String LONG_MODEL = "long";
    private static final String SHORT_MODEL = MeasureStage.RELATIVE;
    private static final String MERGE = "merge";
    private static final String DPO = "dpo";
    private static final String RL = "rl";

    private LongToShort() {}

    /** Traces that fit into the model: at the place of a longer one stands the next that fits. A character is a token at most. */
    private record Fitting(CountdownTraces traces, int characters) implements SftDataset {
        private static final int TRIES = 1000;

        @Override
        public SftExample example(long seed, long index) {
            for (int i = 0; i < TRIES; i++) {
                SftExample example = traces.example(seed, index * TRIES + i);
                if (example.completion().length() <= characters) {
                    return example;
                }
            }
            throw new IllegalStateException("no trace of " + TRIES + " is shorter than " + characters + " characters");
        }
    }

    /**
     * All stages for the bundled model and Countdown.
     *
     * @param bundled its folder
     * @param quick a minute's version, which shows that all stages do what they should and no more
     */
    public static Recipe bundled(Path bundled, boolean quick) {
        Scale scale = quick ? Scale.QUICK : Scale.LAPTOP;
        Countdown task = Countdown.small();
        Problems problems = Problems.of(task);
        Ways ways = new Ways(Source.model(LONG_MODEL), problems, scale, POSITIONS);
        Recipe models = Recipe.of(
                NAME,
                ways.sft(
                        LONG_MODEL,
                        "the bundled model learns searches that think aloud: this is the long model",
                        Source.of(bundled),
                        Demonstrations.of(new Fitting(new CountdownTraces(task, LONG), POSITIONS)),
                        scale.training(Sft.DEFAULT, scale.warmUp, 1e-3)),
                ways.sft(
                        SHORT_MODEL,
                        "the bundled model learns bare searches: a short relative, for merging",
                        Source.of(bundled),
                        Demonstrations.of(new CountdownTraces(task, TraceStyle.SHORT)),
                        scale.training(Sft.DEFAULT, scale.warmUp, 1e-3)));
        Given small = new Given()
                .set("prompts_per_step", scale.prompts, NAME)
                .set("num_generations", 8, NAME)
                .set("learning_rate", 3e-5, NAME)
                .set("adam_beta2", 0.99, NAME)
                .set("eval_problems", scale.prompts, NAME)
                .set("eval_steps", scale.rlSteps, NAME)
                .set("final_eval_problems", scale.prompts, NAME)
                .set("save_steps", Math.max(1, scale.rlSteps / 4), NAME);
        return ways.addedTo(models, Optional.of(Source.model(SHORT_MODEL)), small);
    }

    /**
     * All stages for models of one's own.
     *
     * @param longModel what is to become short
     * @param shortModel a relative of it, for merging; empty for the other three ways
     * @param problems of one turn, with problems to learn from
     * @param maxNewTokens most tokens of a completion of the long model
     */
    public static Recipe of(
            Path longModel, Optional<Path> shortModel, Problems problems, int maxNewTokens, boolean quick) {
        Scale scale = quick ? Scale.QUICK : Scale.OWN;
        return new Ways(Source.of(longModel), problems, scale, maxNewTokens)
                .addedTo(new Recipe(NAME, List.of()), shortModel.map(Source::of), new Given());
    }

    /** What all ways begin with. */
    private record Ways(Source longModel, Problems problems, Scale scale, int maxNewTokens) {
        Recipe addedTo(Recipe begun, Optional<Source> shortModel, Given ownRl) {
            Map<String, Source> models = new LinkedHashMap<>();
            models.put(LONG_MODEL, longModel);
            Recipe recipe = begun;
            if (shortModel.isPresent()) {
                recipe = recipe.then(new MergeStage(MERGE, longModel, shortModel.get(), MergeShare.DEFAULT));
                models.put(SHORT_MODEL, shortModel.get());
                models.put(MERGE, Source.model(MERGE));
            }
            for (String way : List.of(SHORTEST, DPO, RL)) {
                models.put(way, Source.model(way));
            }
            return recipe.then(answers())
                    .then(sft(
                            SHORTEST,
                            "fine-tuning on the long model's shortest right answers",
                            longModel,
                            Demonstrations.of(new Source.Made(ANSWERS, SHORTEST)),
                            scale.training(Sft.DEFAULT, scale.steps, 2e-4)))
                    .then(new PairsStage(
                            DPO,
                            "DPO on pairs of the long model's answers: the shortest right one before wrong and long"
                                    + " ones",
                            longModel,
                            new Source.Made(ANSWERS, PAIRS),
                            problems,
                            scale.training(Dpo.DEFAULT, scale.steps, 2e-5),
                            scale.check(maxNewTokens)))
                    .then(mirrorDescent(ownRl))
                    .then(new MeasureStage(
                            MEASURE, models, problems, new MeasureConfig(scale.measured, scale.samples, maxNewTokens)));
        }

        /** Drawn once, chosen from twice. */
        private SamplingStage answers() {
            Map<String, Selection> both = new LinkedHashMap<>();
            both.put(SHORTEST, new ShortestCorrect());
            both.put(PAIRS, new ShorterPairs(ShorterPairs.USUAL_RATIO));
            return new SamplingStage(
                    ANSWERS,
                    "the long model answers; its shortest right answers are demonstrations, and pairs of short and"
                            + " long are preferences",
                    longModel,
                    problems,
                    both,
                    new AnswersConfig(scale.problems, 8, maxNewTokens, 1));
        }

        SftStage sft(String name, String purpose, Source model, Demonstrations data, OfflineConfig config) {
            return new SftStage(name, purpose, model, data, problems, config, scale.check(maxNewTokens));
        }

        private ShorterRlStage mirrorDescent(Given own) {
            RlConfig config = RlConfig.DEFAULT
                    .with(new Given()
                            .set("algorithm", "omd", NAME)
                            .set("updates_per_rollout", UPDATES, NAME)
                            .set("max_steps", scale.rlSteps, NAME)
                            .set("max_completion_length", Math.max(1, maxNewTokens / 2), NAME))
                    .with(own);
            return new ShorterRlStage(
                    new RlStage(
                            RL,
                            "mirror descent with a reward for shorter right answers and a smaller limit of tokens",
                            longModel,
                            problems,
                            config,
                            scale.check(maxNewTokens)),
                    ShorterConfig.DEFAULT);
        }
    }

    /** How much of everything; each number is a setting of its stage, too. */
    private enum Scale {
        /** A minute on two cores, and not to conclude from. */
        QUICK(6, 4, 3, 32, 16, 8, 40, 1, true),
        /** Under an hour on two cores with the bundled model. */
        LAPTOP(400, 150, 60, 1000, 64, 64, 500, 4, true),
        /** For a model of one's own. */
        OWN(0, 500, 200, 2000, 0, 0, 500, 4, false);

        private final int warmUp;
        private final int steps;
        private final int rlSteps;
        private final int problems;
        private final int batch;
        private final int prompts;
        private final int measured;
        private final int samples;
        private final boolean small;

        Scale(
                int warmUp,
                int steps,
                int rlSteps,
                int problems,
                int batch,
                int prompts,
                int measured,
                int samples,
                boolean small) {
            this.warmUp = warmUp;
            this.steps = steps;
            this.rlSteps = rlSteps;
            this.problems = problems;
            this.batch = batch;
            this.prompts = prompts;
            this.measured = measured;
            this.samples = samples;
            this.small = small;
        }

        /** How models are looked at before and after a stage. */
        CheckConfig check(int tokens) {
            return CheckConfig.DEFAULT.of(Math.min(CheckConfig.DEFAULT.checkProblems(), measured), tokens);
        }

        /** Training on recorded data; what is not for small models is left at its default. */
        OfflineConfig training(OfflineMethod<?> method, int optimizerSteps, double learningRate) {
            Given given = new Given()
                    .set("max_steps", optimizerSteps, NAME)
                    .set("save_steps", Math.max(1, optimizerSteps / 4), NAME);
            if (small) {
                given.set("learning_rate", learningRate, NAME).set("per_device_train_batch_size", batch, NAME);
            }
            return OfflineConfig.of(method).with(given);
        }
    }
}
