// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.io.Json;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.transformer.merge.MergeConfig;
import dev.jacobian.transformer.merge.ModelMerge;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * A long model and a short one become one: weights of both, no training.
 *
 * @param name of the stage
 * @param longModel thinks long
 * @param shortModel its short relative
 * @param weight of the long one; the short one has what is left to 1
 */
record MergeStage(String name, Source longModel, Source shortModel, double weight) implements Stage {
    private static final String WEIGHT = "weight";

    MergeStage {
        if (!(weight >= 0 && weight <= 1)) {
            throw new IllegalArgumentException("the weight of the long model lies in [0, 1], got " + weight);
        }
    }

    @Override
    public String purpose() {
        return "The weights of the long model and of a short one are averaged; nothing is trained.";
    }

    @Override
    public List<String> inputs() {
        return Stream.concat(longModel.stages().stream(), shortModel.stages().stream())
                .toList();
    }

    @Override
    public ObjectNode settings() {
        return Json.object()
                .put("long", longModel.toString())
                .put("short", shortModel.toString())
                .put(WEIGHT, weight);
    }

    @Override
    public Stage with(Given given) {
        Settings.requireKnown(given, Set.of(WEIGHT), name);
        double other = given.get(WEIGHT)
                .map(value -> value.json().asDouble(Double.NaN))
                .orElse(weight);
        return new MergeStage(name, longModel, shortModel, other);
    }

    @Override
    public void check(StageContext context) {
        if (longModel instanceof Source.Given given && shortModel instanceof Source.Given other) {
            ModelMerge.open(config(given.path(), other.path()), 0).close();
        }
    }

    private MergeConfig config(Path first, Path second) {
        return MergeConfig.linear(List.of(first, second), List.of(weight, 1 - weight));
    }

    @Override
    public StageResult run(StageContext context) {
        try (ModelMerge merge =
                ModelMerge.open(config(longModel.in(context), shortModel.in(context)), context.seed())) {
            merge.remarks().forEach(context::say);
            merge.write(context.folder().resolve(Source.MODEL));
            return StageResult.EMPTY.figure("tensors", merge.tensors()).product(Source.MODEL, Source.MODEL);
        }
    }
}
