// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.recipe.stage.Sample;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.report.RunReport;
import dev.jacobian.rl.run.RunOrigin;
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
 * A language model learns from recorded preferences, by DPO or a relative of it. The stage's folder is the run's, so a killed stage goes on from the run's last checkpoint.
 *
 * @param name of the stage
 * @param purpose in a sentence
 * @param model what is trained
 * @param data rows with {@code prompt}, {@code chosen} and {@code rejected}
 * @param problems on which it is looked at before and after
 * @param config of the run, with the method; its seed is added to the pipeline's
 * @param check how it is looked at
 */
public record PairsStage(
        String name,
        String purpose,
        Source model,
        Source data,
        Problems problems,
        OfflineConfig config,
        CheckConfig check)
        implements Stage {
    private static final List<String> CURVES = List.of("loss", "entropy");

    @Override
    public List<String> inputs() {
        return Stream.of(model.stages(), data.stages(), problems.inputs())
                .flatMap(List::stream)
                .distinct()
                .toList();
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = config.toJson();
        settings.put("method", config.method().name());
        settings.put("model", model.toString());
        settings.put("data", data.toString());
        settings.put("problems", problems.description());
        return settings.setAll(ConfigTree.toJson(check));
    }

    @Override
    public PairsStage with(Given given) {
        return new PairsStage(
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
    }

    @Override
    public StageResult run(StageContext context) {
        return run(context, config.method());
    }

    private <E> StageResult run(StageContext context, OfflineMethod<E> method) {
        Path folder = context.folder();
        Path from = model.in(context);
        CausalLM trained = context.load(from);
        Task task = problems.task(context);
        OfflineConfig seeded =
                config.toBuilder().seed(context.seed() + config.seed()).build();
        Examples<E> examples = Examples.read(method, trained, seeded, Rows.of(data.in(context)), false);
        StageResult before = Checkup.of(trained, task, check, context.seed(), Sample.BEFORE);
        OfflineTrainer<E> trainer = new OfflineTrainer<>(trained, method, examples, seeded)
                .listener(context.listener())
                .output(
                        folder,
                        new RunOrigin(from.toString(), method.name(), Optional.empty(), false, Map.of("stage", name)),
                        DType.F32,
                        Files.exists(folder.resolve("run.json")));
        double loss = trainer.train();
        RunReport.write(folder);
        StageResult told = before.and(Checkup.of(trained, task, check, context.seed(), Sample.AFTER))
                .figure("steps", trainer.steps())
                .figure("loss", loss)
                .figure("rows", examples.rows())
                .product(Source.MODEL, ".");
        return Metrics.curves(folder, CURVES, "rewards/").and(told);
    }
}
