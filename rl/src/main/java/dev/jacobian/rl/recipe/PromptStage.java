// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import static dev.jacobian.rl.config.Checks.requireAtLeast;
import static dev.jacobian.rl.config.Checks.requirePositive;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.judge.RewardedTask;
import dev.jacobian.rl.promptset.Difficulty;
import dev.jacobian.rl.promptset.EasyToGuess;
import dev.jacobian.rl.promptset.GuessableFormats;
import dev.jacobian.rl.promptset.PromptSet;
import dev.jacobian.rl.promptset.PromptTool;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.reward.WeightedRewards;
import dev.jacobian.rl.task.JsonlTask;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Kimi k1.5's care for its prompts (arXiv 2501.12599, 2.1): questions whose form lets an answer be guessed go; questions that are answered right
 * without thinking go; and each that stays is told how hard it is, the share of ten answers at a rather high temperature that are right. Questions that
 * all ten or none solve go too, since nothing is learned from them at first.
 *
 * @param name of the stage
 * @param model who is asked
 * @param problems where the prompts come from
 * @param instruction what is written behind a prompt to have it answered without thinking
 * @param config how many, and how they are asked
 */
public record PromptStage(String name, Source model, Problems problems, String instruction, Config config)
        implements Stage {
    /** How prompts are looked at. */
    public record Config(
            @Setting(value = "1024", doc = "prompts that are looked at, from the beginning of the training set")
            int prompts,

            @Setting(value = "8", doc = "guesses without thinking; a prompt goes if one is right")
            int guesses,

            @Setting(value = "10", doc = "answers by which difficulty is measured")
            int samples,

            @Setting(value = "1.2", doc = "temperature of these answers, rather high")
            double temperature,

            @Setting(value = "256", doc = "limit of tokens per answer")
            int maxCompletionLength,

            @Setting(value = "0.05", doc = "pass rate below which a prompt goes")
            double lowest,

            @Setting(value = "0.95", doc = "pass rate above which it goes")
            double highest) {
        /** The report's numbers. */
        public static final Config DEFAULT = ConfigTree.defaults(Config.class);

        public Config {
            requireAtLeast("prompts", 1, prompts);
            requireAtLeast("guesses", 1, guesses);
            requireAtLeast("samples", 1, samples);
            requirePositive("temperature", temperature);
            requireAtLeast("max_completion_length", 1, maxCompletionLength);
        }
    }

    private static final int GUESS_TOKENS = 32;
    private static final ObjectMapper COLUMNS = new ObjectMapper();

    @Override
    public String purpose() {
        return "prompts that can be guessed go, and the others are told how hard they are";
    }

    @Override
    public List<String> inputs() {
        return Stream.concat(model.stages().stream(), problems.inputs().stream())
                .distinct()
                .toList();
    }

    @Override
    public ObjectNode settings() {
        return ConfigTree.toJson(config)
                .put("model", model.toString())
                .put("problems", problems.description())
                .put("instruction", instruction);
    }

    @Override
    public PromptStage with(Given given) {
        return new PromptStage(name, model, problems, instruction, ConfigTree.with(config, given));
    }

    @Override
    public void check(StageContext context) {
        Sources.check(context, model);
        Sources.check(context, problems);
    }

    @Override
    public StageResult run(StageContext context) {
        CausalLM asked = context.load(model.in(context));
        Task task = problems.task(context);
        Path all = context.folder().resolve("all.jsonl");
        Path open = context.folder().resolve("open.jsonl");
        Path thoughtful = context.folder().resolve("thoughtful.jsonl");
        Path data = context.folder().resolve("data.jsonl");
        int count = task.trainSize() == 0 ? config.prompts() : Math.min(config.prompts(), task.trainSize());
        write(all, task.trainProblems(context.seed(), 0, count));
        int formats = kept(new GuessableFormats("answer"), all, open, context);
        SampledPrompts guesses = asking(asked, task, config.guesses(), GUESS_TOKENS, 1, context);
        int hard = kept(new EasyToGuess(guesses, rows(open, task), instruction), open, thoughtful, context);
        SampledPrompts answers =
                asking(asked, task, config.samples(), config.maxCompletionLength(), config.temperature(), context);
        int between = kept(
                new Difficulty(answers, rows(thoughtful, task), config.lowest(), config.highest()),
                thoughtful,
                data,
                context);
        if (between == 0) {
            throw new IllegalStateException(
                    "stage '" + name + "' has kept none of " + count + " prompts: all or none of"
                            + " their answers are right; widen --set " + name + ".lowest and " + name + ".highest");
        }
        return StageResult.EMPTY
                .figure("prompts", count)
                .figure("after_formats", formats)
                .figure("after_guesses", hard)
                .figure("after_difficulty", between)
                .figure("pass_rate", passRate(data))
                .product(SamplingStage.DATA, "data.jsonl");
    }

    private static int kept(PromptTool tool, Path from, Path to, StageContext context) {
        PromptSet.run(tool, Rows.of(from), to, false);
        int kept = Rows.of(to).count();
        context.say(tool.measure() + ": " + kept + " of " + Rows.of(from).count() + " prompts stay");
        return kept;
    }

    private SampledPrompts asking(
            CausalLM asked, Task task, int samples, int tokens, double temperature, StageContext context) {
        return new SampledPrompts(
                asked,
                task,
                samples,
                GenerationConfig.sampling(tokens, (float) temperature, context.seed()),
                RewardCallConfig.DEFAULT,
                SampledPrompts.Progress.NONE);
    }

    private static JsonlTask rows(Path file, Task task) {
        return JsonlTask.of(file, task.rewards());
    }

    private static void write(Path file, List<Problem> problems) {
        List<String> lines = new ArrayList<>();
        for (Problem problem : problems) {
            ObjectNode row = Json.object().put("id", problem.id());
            problem.chat()
                    .ifPresentOrElse(
                            chat -> row.set("prompt", chat.chat().messages()),
                            () -> row.put("prompt", problem.prompt()));
            problem.columns()
                    .values()
                    .forEach((column, value) -> row.set(column, COLUMNS.<JsonNode>valueToTree(value)));
            lines.add(Json.compact(row));
        }
        AtomicFiles.writeString(file, String.join("\n", lines) + "\n");
    }

    private static double passRate(Path data) {
        double[] sum = {0, 0};
        Rows.of(data).forEach(row -> {
            sum[0] += row.json().path("pass_rate").asDouble();
            sum[1]++;
        });
        return sum[0] / sum[1];
    }

    /** The problems that such a stage has chosen, with their difficulty in column {@code pass_rate}. */
    static Problems chosen(String stage, String said, WeightedRewards rewards) {
        return Problems.made(
                "prompts (" + said + ")",
                new Source.Made(stage, SamplingStage.DATA),
                file -> new RewardedTask(JsonlTask.of(file, rewards), rewards, 1));
    }
}
