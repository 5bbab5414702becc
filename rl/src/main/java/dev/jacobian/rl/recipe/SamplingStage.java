// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.selection.AnswerSampler;
import dev.jacobian.rl.selection.SampledProblem;
import dev.jacobian.rl.selection.SelectedData;
import dev.jacobian.rl.selection.Selection;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A model answers problems several times, and of its answers some become data for later stages: rejection sampling, pairs, judged answers. Several selections may choose from
 * the same answers, which are drawn once.
 *
 * <p>Answers are written part by part, each whole or not at all, so a killed stage goes on behind its last part.
 *
 * @param name of the stage
 * @param purpose in a sentence
 * @param model who answers
 * @param problems whose training problems are answered
 * @param selections what becomes of the answers, by the product that has their rows
 * @param config how many, and how they are drawn
 */
public record SamplingStage(
        String name,
        String purpose,
        Source model,
        Problems problems,
        Map<String, Selection> selections,
        AnswersConfig config)
        implements Stage {
    /** The product with the rows, where one selection chooses. */
    public static final String DATA = "data";

    private static final int TOGETHER = 32;

    /** Copies the map, whose order stays. */
    public SamplingStage {
        selections = Collections.unmodifiableMap(new LinkedHashMap<>(selections));
    }

    /** With one selection, whose rows are the product {@link #DATA}. */
    public SamplingStage(
            String name, String purpose, Source model, Problems problems, Selection selection, AnswersConfig config) {
        this(name, purpose, model, problems, Map.of(DATA, selection), config);
    }

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
        ObjectNode kept = settings.putObject("keep");
        selections.forEach((product, selection) -> kept.put(product, selection.toString()));
        return settings;
    }

    @Override
    public SamplingStage with(Given given) {
        return new SamplingStage(name, purpose, model, problems, selections, ConfigTree.with(config, given));
    }

    /** A model of the user looks at all prompts before anything else, where they are known. */
    @Override
    public void check(StageContext context) {
        Sources.check(context, model);
        Sources.check(context, problems);
        if (model instanceof Source.Given given && problems.inputs().isEmpty()) {
            Task task = problems.task(context);
            new PromptCheck(context.load(given.path()), config.maxCompletionLength())
                    .longest(task, task.trainProblems(context.seed(), 0, count(task)));
        }
    }

    private int count(Task task) {
        return task.trainSize() == 0 ? config.problems() : Math.min(config.problems(), task.trainSize());
    }

    @Override
    public StageResult run(StageContext context) {
        Task task = problems.task(context);
        int count = count(task);
        List<SampledProblem> sampled = new ArrayList<>();
        Optional<AnswerSampler> sampler = Optional.empty(); // no model is loaded where all parts are there
        for (int from = 0; from < count; from += TOGETHER) {
            int to = Math.min(count, from + TOGETHER);
            Path file = context.folder().resolve(String.format(Locale.ROOT, "part-%06d.json", from));
            List<Problem> asked = task.trainProblems(context.seed(), from, to - from);
            if (!Files.exists(file)) {
                AnswerSampler drawing = sampler.orElseGet(() -> sampler(task, context));
                sampler = Optional.of(drawing);
                ObjectNode part = Json.object();
                ArrayNode answers = part.putArray("answers");
                drawing.sample(asked, from, problem -> answers.add(problem.toJson()));
                Json.write(file, part);
                context.say(name + ": " + to + " of " + count + " problems");
            }
            JsonNode answers = Json.read(file).path("answers");
            if (answers.size() != asked.size()) {
                throw new FormatException(
                        file.toString(),
                        "it has answers to " + answers.size() + " problems instead of " + asked.size(),
                        "Remove it to draw them anew");
            }
            for (int i = 0; i < asked.size(); i++) {
                sampled.add(SampledProblem.of(asked.get(i), answers.path(i), file.toString()));
            }
        }
        return select(sampled, context.folder());
    }

    private AnswerSampler sampler(Task task, StageContext context) {
        return new AnswerSampler(
                context.load(model.in(context)),
                task,
                config.samples(),
                GenerationConfig.sampling(config.maxCompletionLength(), (float) config.temperature(), context.seed()),
                RewardCallConfig.DEFAULT,
                new SampledPrompts.Progress() {
                    @Override
                    public void say(String message) {
                        context.say(message);
                    }
                });
    }

    /** All selections choose; nothing is written unless each has something to learn from. */
    private StageResult select(List<SampledProblem> sampled, Path folder) {
        SelectedData seen = SelectedData.of(sampled);
        StageResult result = StageResult.EMPTY
                .figure("problems", sampled.size())
                .figure("answers", (long) sampled.size() * config.samples())
                .figure("right", seen.passAt1())
                .figure("mean_length", seen.meanTokens())
                .figure("mean_length_right", seen.correctTokens())
                .figure("mean_length_shortest", seen.shortestTokens());
        Map<String, List<ObjectNode>> chosen = new LinkedHashMap<>();
        selections.forEach((product, selection) -> {
            List<ObjectNode> rows = sampled.stream()
                    .flatMap(problem -> selection.rows(problem).stream())
                    .toList();
            selection.missing(rows).ifPresent(lack -> {
                throw new IllegalStateException("stage '" + name + "' has nothing to learn from for " + product + " ("
                        + selection.description() + "): " + lack + ". Of "
                        + sampled.size() * config.samples() + " answers of " + seen.meanTokens()
                        + " tokens " + Math.round(100 * seen.passAt1())
                        + " % are right; train the model further, or draw more or longer ones with --from " + name
                        + " --set " + name + ".problems, .samples or .max_completion_length");
            });
            chosen.put(product, rows);
        });
        for (Map.Entry<String, List<ObjectNode>> rows : chosen.entrySet()) {
            String file = rows.getKey() + ".jsonl";
            AtomicFiles.writeString(
                    folder.resolve(file),
                    rows.getValue().stream()
                            .map(row -> Json.compact(row) + "\n")
                            .collect(Collectors.joining()));
            String figure = selections.size() == 1 ? "rows" : "rows_" + rows.getKey();
            result = result.figure(figure, rows.getValue().size()).product(rows.getKey(), file);
        }
        return result;
    }
}
