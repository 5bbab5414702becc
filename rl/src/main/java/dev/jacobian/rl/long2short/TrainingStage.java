// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.offline.Examples;
import dev.jacobian.rl.offline.OfflineConfig;
import dev.jacobian.rl.offline.OfflineMethod;
import dev.jacobian.rl.offline.OfflineTrainer;
import dev.jacobian.rl.offline.Sft;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.rl.run.RunOrigin;
import dev.jacobian.rl.sft.SftDataset;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.CausalLM;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A model learns from recorded data: demonstrations or pairs. The stage's folder is the run's, so a killed stage goes on from its last checkpoint.
 *
 * @param name of the stage
 * @param purpose in a sentence
 * @param model what is trained
 * @param data from what
 * @param config method and settings; its seed is the pipeline's
 */
record TrainingStage(String name, String purpose, Source model, Data data, OfflineConfig config) implements Stage {
    /** What is learned from. */
    sealed interface Data {
        /** Rows that an earlier stage wrote. */
        record Rows(Source source) implements Data {
            @Override
            public String toString() {
                return source.toString();
            }
        }

        /** Demonstrations that are made up as it goes. */
        record Made(SftDataset demonstrations) implements Data {
            @Override
            public String toString() {
                return demonstrations.toString();
            }
        }
    }

    @Override
    public List<String> inputs() {
        return Stream.concat(
                        model.stages().stream(),
                        data instanceof Data.Rows rows ? rows.source().stages().stream() : Stream.of())
                .distinct()
                .toList();
    }

    @Override
    public ObjectNode settings() {
        ObjectNode settings = config.toJson();
        settings.remove("seed");
        return settings.put("model", model.toString()).put("data", data.toString());
    }

    @Override
    public Stage with(Given given) {
        return new TrainingStage(name, purpose, model, data, config.with(given));
    }

    @Override
    public StageResult run(StageContext context) {
        Path from = model.in(context);
        CausalLM trained = context.load(from);
        OfflineConfig seeded = config.toBuilder().seed(context.seed()).build();
        return train(seeded.method(), trained, seeded, from, context);
    }

    @SuppressWarnings("unchecked") // the examples of sft are demonstrations
    private <E> StageResult train(
            OfflineMethod<E> method, CausalLM trained, OfflineConfig seeded, Path from, StageContext context) {
        Examples<E> examples = switch (data) {
            case Data.Rows rows ->
                Examples.read(method, trained, seeded, rows.source().in(context), false);
            case Data.Made made -> (Examples<E>) Examples.of(made.demonstrations(), (Sft) method, trained, seeded);
        };
        OfflineTrainer<E> trainer = new OfflineTrainer<>(trained, method, examples, seeded);
        Path folder = context.folder();
        trainer.listener(context.listener())
                .output(
                        folder,
                        new RunOrigin(from.toString(), method.name(), Optional.empty(), false, Map.of("stage", name)),
                        DType.F32,
                        Files.exists(folder.resolve("run.json")));
        double loss = trainer.train();
        return StageResult.EMPTY
                .figure("steps", trainer.steps())
                .figure("loss", loss)
                .product(Source.MODEL, ".");
    }
}
