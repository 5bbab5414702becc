// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.recipe.stage.Sample;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.report.RunReport;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.rl.task.Task;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Supervised fine-tuning as a stage. The stage's folder is the run's, so a killed stage goes on from the run's last checkpoint.
 *
 * @param name of the stage
 * @param purpose in a sentence
 * @param model what is trained
 * @param data what it learns from
 * @param problems on which it is looked at before and after
 * @param config of the run; its seed is added to the pipeline's
 * @param check how it is looked at
 */
public record SftStage(
        String name,
        String purpose,
        Source model,
        Demonstrations data,
        Problems problems,
        OfflineConfig config,
        CheckConfig check)
        implements Stage {
    private static final List<String> CURVES = List.of("loss", "mean_token_accuracy", "entropy");

    @Override
    public List<String> inputs() {
        return Stream.of(
                        model.stages().stream(),
                        data.data().stream().flatMap(source -> source.stages().stream()),
                        problems.inputs().stream())
                .flatMap(names -> names)
                .distinct()
                .toList();
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = config.toJson();
        settings.put("model", model.toString());
        settings.put("data", data.description());
        settings.put("problems", problems.description());
        return settings.setAll(ConfigTree.toJson(check));
    }

    @Override
    public SftStage with(Given given) {
        return new SftStage(
                name,
                purpose,
                model,
                data,
                problems,
                config.with(OwnSettings.without(check, given)),
                OwnSettings.with(check, given));
    }

    @Override
    public void check(StageContext context) {
        Sources.check(context, model);
        Sources.check(context, problems);
        if (data.data().stream().allMatch(Source.Given.class::isInstance)) {
            var _ = data.make().apply(context); // its faults are told of before the first stage
        }
    }

    @Override
    public StageResult run(StageContext context) {
        Path folder = context.folder();
        Path from = model.in(context);
        CausalLM trained = context.load(from);
        Task task = problems.task(context);
        SftDataset demonstrations = data.make().apply(context);
        OfflineConfig seeded =
                config.toBuilder().seed(context.seed() + config.seed()).build();
        StageResult before = Checkup.of(trained, task, check, context.seed(), Sample.BEFORE);
        OfflineTrainer<?> trainer = OfflineTrainer.sft(trained, demonstrations, seeded);
        trainer.listener(context.listener())
                .output(
                        folder,
                        new RunOrigin(from.toString(), "sft", Optional.empty(), false, Map.of("stage", name)),
                        DType.F32,
                        Files.exists(folder.resolve("run.json")));
        double loss = trainer.train();
        RunReport.write(folder);
        StageResult told = before.and(Checkup.of(trained, task, check, context.seed(), Sample.AFTER))
                .figure("steps", trainer.steps())
                .figure("loss", loss)
                .product(Source.MODEL, ".");
        return Metrics.curves(folder, CURVES, "rewards/").and(told);
    }
}
