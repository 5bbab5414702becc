// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.RewardCallConfig;
import dev.jacobian.rl.promptset.SampledPrompts;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.task.Problem;
import dev.jacobian.rl.task.PromptCheck;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.generation.GenerationConfig;
import java.util.List;

/**
 * A model's own answers become data for a later stage.
 *
 * @param name of the stage
 * @param model who answers
 * @param subject what is asked
 * @param selection which answers are kept
 * @param config how they are drawn
 */
record SelectionStage(String name, Source model, Subject subject, Selection selection, SelectionConfig config)
        implements Stage {
    /** The product with the rows. */
    static final String DATA = "data";

    private static final String FILE = "data.jsonl";

    @Override
    public String purpose() {
        return "The long model answers problems several times; kept are: " + selection.name() + ".";
    }

    @Override
    public List<String> inputs() {
        return model.stages();
    }

    @Override
    public ObjectNode settings() {
        return ConfigTree.toJson(config)
                .put("model", model.toString())
                .put("of", subject.description())
                .put("selection", selection.toString());
    }

    @Override
    public Stage with(Given given) {
        return new SelectionStage(name, model, subject, selection, ConfigTree.with(config, given));
    }

    /** A model of the user is loaded once, and looks at all prompts, before anything else. */
    @Override
    public void check(StageContext context) {
        if (model instanceof Source.Given given) {
            new PromptCheck(context.load(given.path()), config.maxNewTokens())
                    .longest(subject.task(), problems(context.seed()));
        }
    }

    private List<Problem> problems(long seed) {
        Task task = subject.task();
        int problems = task.trainSize() == 0 ? config.problems() : Math.min(config.problems(), task.trainSize());
        return task.trainProblems(seed, 0, problems);
    }

    @Override
    public StageResult run(StageContext context) {
        GenerationConfig generation =
                GenerationConfig.sampling(config.maxNewTokens(), (float) config.temperature(), context.seed());
        AnswerSampler sampler = new AnswerSampler(
                context.load(model.in(context)),
                subject.task(),
                config.samples(),
                generation,
                RewardCallConfig.DEFAULT,
                new SampledPrompts.Progress() {
                    @Override
                    public void say(String message) {
                        context.say(message);
                    }
                });
        SelectedData data = SelectedData.write(
                sampler, problems(context.seed()), selection, context.folder().resolve(FILE));
        return StageResult.EMPTY
                .figure("problems", data.problems())
                .figure("rows", data.rows())
                .figure("pass@1", data.passAt1())
                .figure("mean_tokens", data.meanTokens())
                .figure("mean_tokens_correct", data.correctTokens())
                .figure("mean_tokens_shortest", data.shortestTokens())
                .product(DATA, FILE);
    }
}
