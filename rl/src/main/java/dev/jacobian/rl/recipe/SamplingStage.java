// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.reward.RewardRun;
import dev.jacobian.rl.rollout.CompletionText;
import dev.jacobian.rl.rollout.RolloutTask;
import dev.jacobian.rl.rollout.Rollouts;
import dev.jacobian.rl.rollout.ScoredGroup;
import dev.jacobian.rl.rollout.Scoring;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A model answers problems several times, and of its answers some become data for a later stage: rejection sampling, pairs, judged answers.
 *
 * <p>Answers are written part by part, each whole or not at all, so a killed stage goes on behind its last part.
 *
 * @param name of the stage
 * @param purpose in a sentence
 * @param model who answers
 * @param problems whose training problems are answered
 * @param keep what becomes of the answers
 * @param config how many, and how they are drawn
 */
public record SamplingStage(
        String name, String purpose, Source model, Problems problems, Keep keep, AnswersConfig config)
        implements Stage {
    /** The product with the rows. */
    public static final String DATA = "data";

    private static final String FILE = "data.jsonl";
    private static final long KEY_BASE =
            1L << 50; // random keys that meet neither those of training nor those of evaluations
    private static final int TOGETHER = 32;

    @Override
    public List<String> inputs() {
        return Stream.concat(model.stages().stream(), problems.inputs().stream())
                .distinct()
                .toList();
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = ConfigTree.toJson(config);
        settings.put("model", model.toString());
        settings.put("of", problems.description());
        return settings.put("keep", keep.name().toLowerCase(Locale.ROOT));
    }

    @Override
    public SamplingStage with(Given given) {
        return new SamplingStage(name, purpose, model, problems, keep, ConfigTree.with(config, given));
    }

    @Override
    public void check(StageContext context) {
        Sources.check(context, model);
        Sources.check(context, problems);
    }

    @Override
    public StageResult run(StageContext context) {
        CausalLM answering = context.load(model.in(context));
        Task task = problems.task(context);
        int count = task.trainSize() == 0 ? config.problems() : Math.min(config.problems(), task.trainSize());
        List<String> rows = new ArrayList<>();
        long solved = 0;
        long tokens = 0;
        for (int from = 0; from < count; from += TOGETHER) {
            int to = Math.min(count, from + TOGETHER);
            Path file = context.folder().resolve(String.format(Locale.ROOT, "part-%06d.json", from));
            if (!Files.exists(file)) {
                Json.write(file, draw(answering, task, context.seed(), from, to));
                context.say(name + ": " + to + " of " + count + " problems");
            }
            JsonNode part = Json.read(file);
            part.path("rows").forEach(row -> rows.add(Json.compact(row)));
            solved += part.path("solved").asLong();
            tokens += part.path("tokens").asLong();
        }
        int answers = count * config.samples();
        if (rows.isEmpty()) {
            throw new IllegalStateException("stage '" + name + "' has kept none of " + answers
                    + " answers; train the model further, or draw more with --set " + name + ".problems and " + name
                    + ".samples");
        }
        AtomicFiles.writeString(context.folder().resolve(FILE), String.join("\n", rows) + "\n");
        return StageResult.EMPTY
                .figure("problems", count)
                .figure("answers", answers)
                .figure("right", solved / (double) answers)
                .figure("mean_length", tokens / (double) answers)
                .figure("rows", rows.size())
                .product(DATA, FILE);
    }

    private ObjectNode draw(CausalLM answers, Task task, long seed, int from, int to) {
        GenerationConfig generation =
                GenerationConfig.sampling(config.maxCompletionLength(), (float) config.temperature(), seed);
        List<RolloutTask.Request> requests = new ArrayList<>();
        for (Problem problem : task.trainProblems(seed, from, to - from)) {
            requests.add(new RolloutTask.Request(problem, KEY_BASE + from + requests.size(), config.samples()));
        }
        new PromptCheck(answers, config.maxCompletionLength())
                .longest(
                        task,
                        requests.stream().map(RolloutTask.Request::problem).toList());
        List<ScoredGroup> groups = Scoring.score(
                Rollouts.local(answers, task).run(new RolloutTask(requests, generation, 0)),
                new CompletionText(answers),
                task,
                RewardRun.measuring(RewardCallConfig.DEFAULT, requests.size() * config.samples()));
        ObjectNode part = Json.object();
        long tokens = 0;
        int solved = 0;
        ArrayNode kept = part.putArray("rows");
        for (ScoredGroup group : groups) {
            List<Keep.Answer> some = new ArrayList<>();
            for (int i = 0; i < group.solved().length; i++) {
                int length = group.group().completion(i).length;
                some.add(new Keep.Answer(group.texts().get(i), length, group.solved()[i]));
                tokens += length;
                solved += group.solved()[i] ? 1 : 0;
            }
            keep.rows(group.group().problem(), some).forEach(kept::add);
        }
        return part.put("solved", solved).put("tokens", tokens);
    }
}
