// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.rows.Rows;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.recipe.stage.Curve;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.report.RunReport;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model that scores is trained as a stage: on pairs, on judged answers, or for preferences in circles. The stage's folder is the run's.
 *
 * <p>In one pass every row is new to the model when it comes, so {@code accuracy_new} of the last steps is its accuracy on answers that it has not seen.
 *
 * @param name of the stage
 * @param purpose in a sentence
 * @param model a language model, which gets a head
 * @param data rows that an earlier stage wrote
 * @param config of the run, with the method; its seed is added to the pipeline's
 */
public record RewardStage(String name, String purpose, Source model, Source data, OfflineConfig config)
        implements Stage {
    private static final int LAST = 10;

    @Override
    public List<String> inputs() {
        return Stream.concat(model.stages().stream(), data.stages().stream())
                .distinct()
                .toList();
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = config.toJson();
        settings.put("method", config.method().name());
        settings.put("model", model.toString());
        settings.put("data", data.toString());
        return settings;
    }

    @Override
    public RewardStage with(Given given) {
        return new RewardStage(name, purpose, model, data, config.with(given));
    }

    @Override
    public void check(StageContext context) {
        Sources.check(context, model);
    }

    @Override
    public StageResult run(StageContext context) {
        return run(context, config.method());
    }

    private <E> StageResult run(StageContext context, OfflineMethod<E> method) {
        Path folder = context.folder();
        Path from = model.in(context);
        CausalLM trained = CausalLM.loadScoring(
                from, method.head().orElseThrow(), context.options().apply(from), Optional.empty(), context.seed());
        OfflineConfig seeded =
                config.toBuilder().seed(context.seed() + config.seed()).build();
        Examples<E> examples = Examples.read(method, trained, seeded, Rows.of(data.in(context)), false);
        OfflineTrainer<E> trainer = new OfflineTrainer<>(trained, method, examples, seeded)
                .listener(context.listener())
                .output(
                        folder,
                        new RunOrigin(from.toString(), method.name(), Optional.empty(), false, Map.of("stage", name)),
                        DType.F32,
                        Files.exists(folder.resolve("run.json")));
        double loss = trainer.train();
        RunReport.write(folder);
        StageResult curves = Metrics.curves(folder, List.of("loss", "accuracy"), "rewards/");
        Curve accuracy = curves.curves().getOrDefault("accuracy", new Curve(List.of(), List.of()));
        return curves.figure("steps", trainer.steps())
                .figure("loss", loss)
                .figure("rows", examples.rows())
                .figure(
                        "accuracy_new",
                        accuracy.values().stream()
                                .skip(Math.max(0, accuracy.values().size() - LAST))
                                .mapToDouble(value -> value)
                                .average()
                                .orElse(Double.NaN))
                .product(Source.MODEL, ".");
    }
}
