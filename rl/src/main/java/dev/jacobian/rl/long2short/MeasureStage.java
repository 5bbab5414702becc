// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.evaluation.Evaluation;
import dev.jacobian.rl.evaluation.EvaluationFolder;
import dev.jacobian.rl.evaluation.SavedEvaluation;
import dev.jacobian.rl.recipe.Problems;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.report.TradeOffPage;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All models on the same held-out problems with the same limit: accuracy against tokens (figure 7 of the report). Each model's numbers and samples lie in a
 * folder of its own, and a killed stage does not measure again what is measured.
 *
 * @param name of the stage
 * @param models by name, the long one first
 * @param problems what is asked
 * @param config how much
 */
record MeasureStage(String name, Map<String, Source> models, Problems problems, MeasureConfig config) implements Stage {
    /** The product with the page. */
    static final String PAGE = "report";

    /** The short model that is merged with: it is measured, and no way from long to short. */
    static final String RELATIVE = "short";

    private static final String FILE = "report.html";

    MeasureStage {
        models = Collections.unmodifiableMap(new LinkedHashMap<>(models));
    }

    @Override
    public String purpose() {
        return "All models are measured on the same held-out problems: accuracy against tokens.";
    }

    @Override
    public List<String> inputs() {
        return models.values().stream()
                .flatMap(source -> source.stages().stream())
                .distinct()
                .toList();
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = ConfigTree.toJson(config);
        settings.put("of", problems.description());
        ObjectNode all = settings.putObject("models");
        models.forEach((model, source) -> all.put(model, source.toString()));
        return settings;
    }

    @Override
    public Stage with(Given given) {
        return new MeasureStage(name, models, problems, ConfigTree.with(config, given));
    }

    @Override
    public void check(StageContext context) {
        problems.task(context).evalProblems(config.problems());
    }

    @Override
    public StageResult run(StageContext context) {
        List<SavedEvaluation> all = new ArrayList<>();
        StageResult result = StageResult.EMPTY;
        for (Map.Entry<String, Source> model : models.entrySet()) {
            SavedEvaluation measured = measured(model.getKey(), model.getValue(), context);
            all.add(measured);
            result = result.figure(model.getKey() + " pass@1", TradeOff.value(measured, TradeOff.ACCURACY))
                    .figure(model.getKey() + " tokens", TradeOff.value(measured, TradeOff.TOKENS));
        }
        List<SavedEvaluation> ways = all.stream()
                .skip(1)
                .filter(measured -> !measured.model().equals(RELATIVE))
                .toList();
        TradeOff best = TradeOff.best(all.getFirst(), ways);
        TradeOffPage.write(context.folder().resolve(FILE), "Long to short", best.sentence(), all);
        return result.figure("best", best.model())
                .figure("tokens_saved", best.tokensSaved())
                .figure("points_lost", best.pointsLost())
                .figure("verdict", best.sentence())
                .product(PAGE, FILE);
    }

    private SavedEvaluation measured(String model, Source source, StageContext context) {
        Path folder = context.folder().resolve(model);
        if (!Files.exists(folder.resolve("evaluation.json"))) {
            CausalLM asked = context.load(source.in(context));
            GenerationConfig generation = GenerationConfig.sampling(config.maxNewTokens(), 1f, context.seed());
            Evaluation evaluation =
                    Evaluation.run(asked, problems.task(context), config.problems(), config.samples(), generation);
            new EvaluationFolder(folder, model).add(evaluation);
            context.say(model + ": " + evaluation.problems() + " problems measured");
        }
        return SavedEvaluation.read(folder).getFirst();
    }
}
