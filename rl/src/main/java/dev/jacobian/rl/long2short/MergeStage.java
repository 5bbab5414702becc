// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.long2short;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.rl.config.ConfigTree;
import dev.jacobian.rl.config.Given;
import dev.jacobian.rl.recipe.stage.Source;
import dev.jacobian.rl.recipe.stage.Stage;
import dev.jacobian.rl.recipe.stage.StageContext;
import dev.jacobian.rl.recipe.stage.StageResult;
import dev.jacobian.transformer.merge.MergeConfig;
import dev.jacobian.transformer.merge.ModelMerge;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * A long model and a short one become one: weights of both, no training.
 *
 * @param name of the stage
 * @param longModel thinks long
 * @param shortModel its short relative
 * @param config how much there is of each
 */
record MergeStage(String name, Source longModel, Source shortModel, MergeShare config) implements Stage {
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
        return ConfigTree.toJson(config).put("long", longModel.toString()).put("short", shortModel.toString());
    }

    @Override
    public Stage with(Given given) {
        return new MergeStage(name, longModel, shortModel, ConfigTree.with(config, given));
    }

    @Override
    public void check(StageContext context) {
        if (longModel instanceof Source.Given given && shortModel instanceof Source.Given other) {
            ModelMerge.open(merged(given.path(), other.path()), 0).close();
        }
    }

    private MergeConfig merged(Path first, Path second) {
        return MergeConfig.linear(List.of(first, second), List.of(config.weight(), 1 - config.weight()));
    }

    @Override
    public StageResult run(StageContext context) {
        try (ModelMerge merge =
                ModelMerge.open(merged(longModel.in(context), shortModel.in(context)), context.seed())) {
            merge.remarks().forEach(context::say);
            merge.write(context.folder().resolve(Source.MODEL));
            return StageResult.EMPTY.figure("tensors", merge.tensors()).product(Source.MODEL, Source.MODEL);
        }
    }
}
