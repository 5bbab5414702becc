// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.recipe;

import static dev.jacobian.rl.config.Checks.requireAtLeast;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.AtomicFiles;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.config.Setting;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Gives a model more positions, as long-context activation begins: the weights stay, and rotary embeddings have an angle for every position. What is said
 * there is learned by the stages behind.
 *
 * @param name of the stage
 * @param model whose copy gets them
 * @param config how many
 */
public record ContextStage(String name, Source model, Config config) implements Stage {
    /** How many. */
    public record Config(
            @Setting(value = "512", doc = "positions that the model has afterwards")
            int maxPositions) {
        /** Five hundred and twelve. */
        public static final Config DEFAULT = ConfigTree.defaults(Config.class);

        public Config {
            requireAtLeast("max_positions", 2, maxPositions);
        }
    }

    @Override
    public String purpose() {
        return "the base model gets " + config.maxPositions() + " positions, for longer thoughts";
    }

    @Override
    public List<String> inputs() {
        return model.stages();
    }

    @Override
    public ObjectNode settings() {
        return ConfigTree.toJson(config).put("model", model.toString());
    }

    @Override
    public ContextStage with(Given given) {
        return new ContextStage(name, model, ConfigTree.with(config, given));
    }

    @Override
    public void check(StageContext context) {
        Sources.check(context, model);
    }

    @Override
    public StageResult run(StageContext context) {
        Path from = model.in(context);
        AtomicFiles.writeDirectory(context.folder().resolve(Source.MODEL), to -> copy(from, to));
        return StageResult.EMPTY.figure("max_positions", config.maxPositions()).product(Source.MODEL, Source.MODEL);
    }

    private void copy(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                Files.copy(file, to.resolve(file.getFileName().toString()));
            }
        }
        ObjectNode json = (ObjectNode) Json.read(from.resolve("config.json"));
        Files.delete(to.resolve("config.json"));
        Json.write(to.resolve("config.json"), json.put("max_position_embeddings", config.maxPositions()));
    }
}
