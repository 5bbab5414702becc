// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.RlConfig;
import dev.jacobian.rl.RlResult;
import dev.jacobian.rl.RlTrainer;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.recipe.stage.Sample;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.report.RunReport;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.task.Task;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Reinforcement learning as a stage. The stage's folder is the run's, so a killed stage goes on from the run's last checkpoint, and {@code
 * jacobian report} reads it.
 *
 * @param name of the stage
 * @param purpose in a sentence
 * @param model what is trained
 * @param problems with their rewards
 * @param measured the problems on which the model is looked at, whose rewards say what is solved
 * @param config of the run; its seed is added to the pipeline's
 * @param check how the model is looked at before and after
 */
public record RlStage(
        String name,
        String purpose,
        Source model,
        Problems problems,
        Problems measured,
        RlConfig config,
        CheckConfig check)
        implements Stage {
    private static final List<String> CURVES =
            List.of("pass@1", "reward", "completions/mean_length", ReflectionWords.METRIC, "entropy", "kl_to_init");

    /** Looked at on the problems that it learns from. */
    public RlStage(String name, String purpose, Source model, Problems problems, RlConfig config, CheckConfig check) {
        this(name, purpose, model, problems, problems, config, check);
    }

    @Override
    public List<String> inputs() {
        return Stream.of(model.stages(), problems.inputs(), measured.inputs())
                .flatMap(List::stream)
                .distinct()
                .toList();
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = config.toJson();
        settings.put("model", model.toString());
        settings.put("problems", problems.description());
        settings.put("measured", measured.description());
        return settings.setAll(ConfigTree.toJson(check));
    }

    @Override
    public RlStage with(Given given) {
        return new RlStage(
                name,
                purpose,
                model,
                problems,
                measured,
                config.with(OwnSettings.without(check, given)),
                OwnSettings.with(check, given));
    }

    @Override
    public void check(StageContext context) {
        Sources.check(context, model);
        Sources.check(context, problems);
        Sources.check(context, measured);
    }

    @Override
    public StageResult run(StageContext context) {
        Path folder = context.folder();
        Path from = model.in(context);
        CausalLM policy = context.load(from);
        Task task = problems.task(context);
        Task looked = measured.task(context);
        RlConfig seeded =
                config.toBuilder().seed(context.seed() + config.seed()).build();
        StageResult before = Checkup.of(policy, looked, check, context.seed(), Sample.BEFORE);
        RlTrainer trainer = new RlTrainer(policy, task, seeded)
                .observer(new ReflectionWords())
                .listener(context.listener())
                .output(
                        folder,
                        new RunOrigin(from.toString(), task.name(), Optional.empty(), false, Map.of("stage", name)),
                        Files.exists(folder.resolve("run.json")));
        RlResult result = trainer.train();
        RunReport.write(folder);
        StageResult told = before.and(Checkup.of(policy, looked, check, context.seed(), Sample.AFTER))
                .figure("steps", result.steps())
                .figure("samples", result.samples())
                .figure("sampling_logp_difference_max", result.samplingLogpDifferenceMax())
                .product(Source.MODEL, ".");
        return Metrics.curves(folder, CURVES, "rewards/").and(told);
    }
}
