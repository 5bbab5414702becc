// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.offline.Dpo;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.recipe.stage.Pipeline;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.trace.CountdownTraces;
import dev.jacobian.rl.recipe.trace.TraceStyle;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.sft.SftExample;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.Task;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The four ways from a long model to a short one, one after the other, and all of them measured: merging, shortest rejection sampling, DPO on pairs of
 * short and long, reinforcement learning with a price on length (Kimi k1.5, 2.4 and figure 7).
 *
 * <p>With a model of one's own that is what all begin from, and {@code merge} is there where a short relative is. With the bundled model both are made
 * first: a long one that has learned searches which think aloud and check themselves, and a short one that has learned bare ones, from the same weights.
 */
public final class LongToShort {
    /** What the pipeline is called. */
    public static final String NAME = "long2short";

    /** The product of the last stage: the page. */
    public static final String PAGE = MeasureStage.PAGE;

    /** The stage that measures. */
    public static final String MEASURE = "measure";

    /** Looks at every fourth line again and checks its answer three times: habits that a small model learns fast, and could do without. */
    private static final TraceStyle LONG = new TraceStyle(0, 0, 0.25, 0, 3, 0, 0);

    private static final int POSITIONS = 240; // of the bundled model's 256, a prompt has up to 14

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
    public static Pipeline bundled(Path bundled, long seed, boolean quick) {
        Scale scale = quick ? Scale.QUICK : Scale.LAPTOP;
        Countdown task = Countdown.small();
        List<Stage> stages = new ArrayList<>();
        stages.add(new TrainingStage(
                "long",
                "The bundled model learns searches that think aloud: this is the long model.",
                Source.of(bundled),
                new TrainingStage.Data.Made(new Fitting(new CountdownTraces(task, LONG), POSITIONS)),
                scale.training(Sft.DEFAULT, scale.warmUp, 1e-3)));
        stages.add(new TrainingStage(
                "short",
                "The bundled model learns bare searches: a short relative, for merging.",
                Source.of(bundled),
                new TrainingStage.Data.Made(new CountdownTraces(task, TraceStyle.SHORT)),
                scale.training(Sft.DEFAULT, scale.warmUp, 1e-3)));
        RlConfig rl = RlConfig.DEFAULT.with(new Given()
                .set("max_steps", scale.rlSteps, NAME)
                .set("prompts_per_step", scale.prompts, NAME)
                .set("num_generations", 8, NAME)
                .set("max_completion_length", POSITIONS / 2, NAME)
                .set("learning_rate", 1e-4, NAME)
                .set("adam_beta2", 0.99, NAME)
                .set("eval_problems", scale.prompts, NAME)
                .set("eval_steps", scale.rlSteps, NAME)
                .set("final_eval_problems", scale.prompts, NAME)
                .set("save_steps", Math.max(1, scale.rlSteps / 4), NAME));
        Subject subject = new Subject(task.toString(), task);
        stages.addAll(ways(Source.model("long"), Optional.of(Source.model("short")), subject, scale, POSITIONS, rl));
        return new Pipeline(NAME, stages, seed);
    }

    /**
     * All stages for models of one's own.
     *
     * @param longModel what is to become short
     * @param shortModel a relative of it, for merging; empty for the other three ways
     * @param task of one turn, with problems to learn from
     * @param description all that decides the task
     * @param maxNewTokens most tokens of a completion of the long model
     */
    public static Pipeline of(
            Path longModel,
            Optional<Path> shortModel,
            Task task,
            String description,
            int maxNewTokens,
            long seed,
            boolean quick) {
        Scale scale = quick ? Scale.QUICK : Scale.OWN;
        RlConfig rl = RlConfig.DEFAULT.with(new Given()
                .set("algorithm", "omd", NAME)
                .set("max_steps", scale.rlSteps, NAME)
                .set("max_completion_length", Math.max(1, maxNewTokens / 2), NAME));
        List<Stage> stages = ways(
                Source.of(longModel),
                shortModel.map(Source::of),
                new Subject(description, task),
                scale,
                maxNewTokens,
                rl);
        return new Pipeline(NAME, stages, seed);
    }

    private static List<Stage> ways(
            Source longModel,
            Optional<Source> shortModel,
            Subject subject,
            Scale scale,
            int maxNewTokens,
            RlConfig rl) {
        SelectionConfig drawn = new SelectionConfig(scale.problems, 8, maxNewTokens, 1);
        List<Stage> stages = new ArrayList<>();
        Map<String, Source> models = new LinkedHashMap<>();
        models.put("long", longModel);
        shortModel.ifPresent(relative -> {
            models.put(MeasureStage.RELATIVE, relative);
            stages.add(new MergeStage("merge", longModel, relative, 0.5));
            models.put("merge", Source.model("merge"));
        });
        stages.add(new SelectionStage("shortest-data", longModel, subject, new ShortestCorrect(), drawn));
        stages.add(new TrainingStage(
                "shortest",
                "Supervised fine-tuning on the long model's shortest right answers.",
                longModel,
                rows("shortest-data"),
                scale.training(Sft.DEFAULT, scale.steps, 2e-4)));
        models.put("shortest", Source.model("shortest"));
        stages.add(new SelectionStage(
                "pairs-data", longModel, subject, new ShorterPairs(ShorterPairs.USUAL_RATIO), drawn));
        stages.add(new TrainingStage(
                "dpo",
                "DPO on pairs of the long model's answers: the shortest right one before wrong and long ones.",
                longModel,
                rows("pairs-data"),
                scale.training(Dpo.DEFAULT, scale.steps, 2e-5)));
        models.put("dpo", Source.model("dpo"));
        stages.add(new LengthRlStage("rl", longModel, subject, 0.5, rl));
        models.put("rl", Source.model("rl"));
        stages.add(new MeasureStage(
                MEASURE, models, subject, new MeasureConfig(scale.measured, scale.samples, maxNewTokens)));
        return stages;
    }

    private static TrainingStage.Data rows(String stage) {
        return new TrainingStage.Data.Rows(new Source.Made(stage, SelectionStage.DATA));
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
