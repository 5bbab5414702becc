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
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.family.Families;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A smaller model of the same family and tokenizer, with random weights: the student of a distillation before it has read anything.
 *
 * @param name of the stage
 * @param like whose family and tokenizer it has
 * @param size how large it is
 */
public record NewModelStage(String name, Source like, Size size) implements Stage {
    /** How large a model is. */
    public record Size(
            @Setting(value = "64", doc = "width of a hidden state")
            int hiddenSize,

            @Setting(value = "192", doc = "width of the MLP")
            int intermediateSize,

            @Setting(value = "2", doc = "layers") int numHiddenLayers) {
        /** A sixth of the bundled model. */
        public static final Size DEFAULT = ConfigTree.defaults(Size.class);

        public Size {
            requireAtLeast("hidden_size", 1, hiddenSize);
            requireAtLeast("intermediate_size", 1, intermediateSize);
            requireAtLeast("num_hidden_layers", 1, numHiddenLayers);
        }
    }

    @Override
    public String purpose() {
        return "a smaller model with random weights";
    }

    @Override
    public List<String> inputs() {
        return like.stages();
    }

    @Override
    public ObjectNode settings() {
        return ConfigTree.toJson(size).put("like", like.toString());
    }

    @Override
    public NewModelStage with(Given given) {
        return new NewModelStage(name, like, ConfigTree.with(size, given));
    }

    @Override
    public StageResult run(StageContext context) {
        Path shape = context.folder().resolve("shape");
        Path from = like.in(context);
        AtomicFiles.writeDirectory(shape, to -> shape(from, to));
        CausalLM created = CausalLM.create(Families.read(shape), Optional.of(shape), context.seed());
        created.save(context.folder().resolve(Source.MODEL));
        return StageResult.EMPTY
                .figure(
                        "parameters",
                        created.parameters().stream()
                                .mapToLong(parameter -> parameter.value().elements())
                                .sum())
                .product(Source.MODEL, Source.MODEL);
    }

    /** The family's configuration with another size, and the tokenizer. */
    private void shape(Path from, Path to) throws IOException {
        ObjectNode json = (ObjectNode) Json.read(from.resolve("config.json"));
        json.setAll(ConfigTree.toJson(size));
        Json.write(to.resolve("config.json"), json);
        try (Stream<Path> files = Files.list(from)) {
            for (Path file : files.sorted().toList()) {
                String name = file.getFileName().toString();
                if (name.endsWith(".json")
                        && !name.equals("config.json")
                        && (name.contains("token") || name.startsWith("generation"))) {
                    Files.copy(file, to.resolve(name));
                }
            }
        }
    }
}
