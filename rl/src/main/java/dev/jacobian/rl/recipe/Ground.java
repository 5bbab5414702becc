// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.rows.Row;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.LrScheduler;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.math.MathReward;
import dev.jacobian.rl.method.Method;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.trace.CountdownTraces;
import dev.jacobian.rl.recipe.trace.TraceStyle;
import dev.jacobian.rl.reward.CountdownReward;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.Countdown;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Task;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;

/**
 * What a recipe works on: a base model, problems, and how much may be done.
 *
 * <p>With the bundled model the problems are Countdown's and all settings fit two cores. With a model or data of one's own the library's
 * defaults hold, which are TRL's, and {@code --set} changes them. Rows have a {@code prompt}, a text or messages, and an {@code answer}
 * that is compared as mathematics; or {@code nums} and {@code target}, which are Countdown's, with or without a prompt.
 *
 * @param model the base model's folder
 * @param bundled whether it is the one that comes with the library
 * @param data problems of one's own
 * @param demonstrations long thoughts for the recipes that begin with some, rows that {@code sft} takes
 * @param solutions short solutions, which k1.5 imitates before the long thoughts; rows of the same kind
 * @param student a smaller model of one's own for a distillation
 * @param tokens limit of a completion, where a recipe does not ask for more
 * @param quick whether a minute is enough: everything is there, nothing is learned well
 */
public record Ground(
        Path model,
        boolean bundled,
        Optional<Rows> data,
        Optional<Path> demonstrations,
        Optional<Path> solutions,
        Optional<Path> student,
        int tokens,
        boolean quick) {
    /** What stands before and behind a question in DeepSeek-R1-Zero (arXiv 2501.12948, table 1). */
    public static final String R1_TEMPLATE = "A conversation between User and Assistant. The user asks a question, and"
            + " the Assistant solves it. The assistant first thinks about the reasoning process in the mind and then"
            + " provides the user with the answer. The reasoning process and answer are enclosed within <think>"
            + " </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning process here </think>"
            + " <answer> answer here </answer>. User: {prompt}. Assistant:";

    private static final String PROMPT = "prompt";

    /** Between the seeds of stages, so that each has problems of its own, whatever the pipeline's seed. */
    private static final long OWN_PROBLEMS = 1_000_003;

    /** One for a right answer, nothing for any other. */
    private static final CountdownReward RIGHT = new CountdownReward(0, 1);

    /** Longest completion of the bundled model: what its searches take. */
    private static final int BUNDLED_TOKENS = 144;

    private static final int OWN_TOKENS = 512;

    /** With completions as long as the bundled model's searches, or as TRL's habit has them. */
    public Ground(
            Path model,
            boolean bundled,
            Optional<Rows> data,
            Optional<Path> demonstrations,
            Optional<Path> solutions,
            Optional<Path> student,
            boolean quick) {
        this(model, bundled, data, demonstrations, solutions, student, bundled ? BUNDLED_TOKENS : OWN_TOKENS, quick);
    }

    /** The bundled model and its puzzles. */
    public static Ground bundled(Path model, boolean quick) {
        return new Ground(model, true, Optional.empty(), Optional.empty(), Optional.empty(), Optional.empty(), quick);
    }

    /** The base model. */
    public Source base() {
        return Source.of(model);
    }

    /** Whether the problems are the bundled model's, which programs can write traces for. */
    public boolean isCountdown() {
        return bundled && data.isEmpty();
    }

    /** So many in full, so few in a minute. */
    public int of(int full, int quickly) {
        return quick ? quickly : full;
    }

    /** The same where the bundled model says more than it is used to; a model of one's own keeps its limit. */
    Ground saying(int more) {
        return isCountdown() ? limitedTo(more) : this;
    }

    /** The same with another limit. */
    public Ground limitedTo(int limit) {
        return new Ground(model, bundled, data, demonstrations, solutions, student, limit, quick);
    }

    /** The problems with what they are asked as they stand. */
    public Problems problems() {
        return problems("{prompt}");
    }

    /**
     * The problems within a template. The bundled model, which knows no English, is asked in its own short form instead.
     *
     * @param template has {@code {prompt}} in it; conversations have their model's own
     */
    public Problems problems(String template) {
        if (data.isEmpty()) {
            String asked = template.replace("{prompt}", Countdown.INSTRUCTION_TEMPLATE.strip());
            Countdown countdown = bundled ? Countdown.small() : new Countdown(3, 4, 1, 99, 1, 99, true, asked);
            return Problems.of(new RewardedTask(countdown, WeightedRewards.of(RIGHT), 1));
        }
        Rows rows = data.get();
        Task task = JsonlTask.of(rows, rewards(rows), false, view(template));
        return new Problems(
                "rows of " + rows.path().toAbsolutePath().normalize() + ", " + template, List.of(), context -> task);
    }

    /**
     * Long thoughts to imitate: the user's, or traces by program for the bundled model's puzzles.
     *
     * @param recipe who needs them, for the message
     * @throws IllegalArgumentException if there are none
     */
    public Demonstrations demonstrations(String recipe, TraceStyle style) {
        if (demonstrations.isEmpty() && !isCountdown()) {
            throw new IllegalArgumentException(
                    "recipe " + recipe + " begins with demonstrations, and programs write them for the bundled model's"
                            + " puzzles alone; give some for your model with --demonstrations FILE (rows"
                            + " that 'jacobian sft' takes)");
        }
        return demonstrations.map(Demonstrations::of).orElseGet(() -> Demonstrations.of(new CountdownTraces(style)));
    }

    /** Short solutions to imitate: the user's, or searches by program for the bundled model's puzzles; else none. */
    public Optional<Demonstrations> solutions(TraceStyle style) {
        if (solutions.isPresent()) {
            return solutions.map(Demonstrations::of);
        }
        return isCountdown() ? Optional.of(Demonstrations.of(new CountdownTraces(style))) : Optional.empty();
    }

    /**
     * A run on problems of its own, or on the same rows in another order: what one stage has learned by heart is nothing that another should meet again.
     *
     * @param number of the stage among those of its recipe
     */
    static OfflineConfig ownProblems(OfflineConfig config, int number) {
        return config.toBuilder().seed(number * OWN_PROBLEMS).build();
    }

    /** The same of a run of reinforcement learning. */
    static RlConfig ownProblems(RlConfig config, int number) {
        return config.toBuilder().seed(number * OWN_PROBLEMS).build();
    }

    /** One for a right answer. */
    public WeightedRewards accuracy() {
        return data.map(Ground::rewards).orElseGet(() -> WeightedRewards.of(RIGHT));
    }

    private static WeightedRewards rewards(Rows rows) {
        boolean[] countdown = {false};
        boolean[] seen = {false};
        rows.forEach((Row row) -> {
            if (!seen[0]) {
                seen[0] = true;
                countdown[0] = row.json().has("nums") && row.json().has("target");
            }
        });
        return WeightedRewards.of(countdown[0] ? RIGHT : MathReward.DEFAULT);
    }

    private static UnaryOperator<JsonNode> view(String template) {
        return row -> {
            if (!(row instanceof ObjectNode object)) {
                return row;
            }
            ObjectNode copy = object.deepCopy();
            if (!copy.has(PROMPT) && copy.has("nums") && copy.has("target")) {
                StringBuilder numbers = new StringBuilder();
                copy.get("nums")
                        .forEach(number ->
                                numbers.append(numbers.isEmpty() ? "" : " ").append(number.asText()));
                copy.put(
                        PROMPT,
                        Countdown.INSTRUCTION_TEMPLATE
                                .replace("{numbers}", numbers)
                                .replace("{target}", copy.get("target").asText()));
            }
            if (copy.path(PROMPT).isTextual()) {
                copy.put(PROMPT, template.replace("{prompt}", copy.get(PROMPT).asText()));
            }
            return copy;
        };
    }

    /** How samples are drawn for later stages. */
    public AnswersConfig sampling(int problems, int samples) {
        return new AnswersConfig(problems, samples, tokens, 1);
    }

    /** How models are looked at. */
    public CheckConfig check() {
        return CheckConfig.DEFAULT.of(of(200, 40), tokens);
    }

    /** A run of reinforcement learning; for the bundled model with what makes it learn in front of one's eyes on two cores. */
    public RlConfig rl(Method method, int steps) {
        RlConfig.Builder config = RlConfig.builder()
                .method(method)
                .maxSteps(steps)
                .maxCompletionLength(tokens)
                .saveSteps(of(20, 2))
                .evalSteps(of(10, 2))
                .evalProblems(of(200, 40))
                .finalEvalProblems(of(200, 40));
        if (bundled) {
            config.promptsPerStep(of(64, 16))
                    .numGenerations(8)
                    .learningRate(quick ? 3e-4 : 1e-4)
                    .lrSchedulerType(LrScheduler.LINEAR)
                    .adamBeta2(0.99);
        }
        return config.build();
    }

    /**
     * A run on recorded data.
     *
     * @param learningRate of the bundled model; a minute's version learns twice as fast
     */
    public OfflineConfig offline(OfflineMethod<?> method, int steps, double learningRate) {
        Given given = new Given().set("max_steps", steps, "the recipe").set("save_steps", of(100, 20), "the recipe");
        if (bundled) {
            given.set("learning_rate", quick ? 2 * learningRate : learningRate, "the recipe")
                    .set("per_device_train_batch_size", of(64, 32), "the recipe");
        }
        return OfflineConfig.of(method).with(given);
    }
}
