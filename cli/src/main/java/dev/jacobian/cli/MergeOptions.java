// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.cli;

import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.merge.MergeConfig;
import dev.jacobian.transformer.merge.MergeFile;
import dev.jacobian.transformer.merge.MergeMethod;
import dev.jacobian.transformer.merge.MergeValue;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that say how models become one: a configuration of mergekit's, or its parts. */
final class MergeOptions {
    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "Models: mergekit's YAML, which says everything else (merge_method, base_model, models,"
                    + " parameters, dtype).")
    private Optional<Path> file = Optional.empty();

    @Option(
            names = "--method",
            paramLabel = "NAME",
            description = "Models: linear, slerp, task_arithmetic, ties, dare_linear or dare_ties.")
    private Optional<String> method = Optional.empty();

    @Option(
            names = "--base",
            paramLabel = "DIR",
            description = "Models: the one that the others are told apart from (slerp: where it begins; default there"
                    + " the first).")
    private Optional<Path> base = Optional.empty();

    @Option(
            names = "--weight",
            paramLabel = "W",
            description = "Models: one for each --model in order, or one for all (default: 1).")
    private List<String> weights = List.of();

    @Option(
            names = "--density",
            paramLabel = "D",
            description = "ties, dare_*: share of each model's change that stays, one for each --model or for all"
                    + " (default: 1).")
    private List<String> densities = List.of();

    @Option(
            names = "--t",
            paramLabel = "T",
            description = "slerp: 0 for the base to 1 for the other; 0,0.5,1 goes from the first layer to the last.")
    private Optional<String> t = Optional.empty();

    @Option(
            names = "--normalize",
            paramLabel = "true|false",
            arity = "1",
            description = "Divide by the sum of weights (default: true for linear and ties).")
    private Optional<Boolean> normalize = Optional.empty();

    @Option(
            names = "--rescale",
            paramLabel = "true|false",
            arity = "1",
            description = "Give a sparse change the magnitude that it had (default: true for dare_*).")
    private Optional<Boolean> rescale = Optional.empty();

    @Option(
            names = "--lambda",
            paramLabel = "L",
            description = "task_arithmetic, ties, dare_*: how much of the change is added (default: 1).")
    private Optional<String> lambda = Optional.empty();

    /** Whether models are to be merged. */
    boolean areGiven() {
        return file.isPresent() || method.isPresent();
    }

    /** Whether any of them is there. */
    Optional<String> first() {
        return method.map(name -> "--method")
                .or(() -> file.map(path -> "--config"))
                .or(() -> ofParts());
    }

    private Optional<String> ofParts() {
        return base.map(path -> "--base")
                .or(() -> weights.isEmpty() ? Optional.empty() : Optional.of("--weight"))
                .or(() -> densities.isEmpty() ? Optional.empty() : Optional.of("--density"))
                .or(() -> t.map(value -> "--t"))
                .or(() -> normalize.map(value -> "--normalize"))
                .or(() -> rescale.map(value -> "--rescale"))
                .or(() -> lambda.map(value -> "--lambda"));
    }

    /**
     * Refuses options that do not go together.
     *
     * @return what is wrong, if anything is
     */
    Optional<String> wrong(List<Path> models) {
        if (file.isPresent()) {
            return method.map(name -> "--method")
                    .or(this::ofParts)
                    .or(() -> models.isEmpty() ? Optional.empty() : Optional.of("--model"))
                    .map(option -> "--config says everything about the merge; leave out " + option);
        }
        if (models.isEmpty()) {
            return Optional.of("--method needs models: --model DIR for each");
        }
        return wrong("--weight", weights.size(), models.size())
                .or(() -> wrong("--density", densities.size(), models.size()));
    }

    private static Optional<String> wrong(String option, int given, int models) {
        return given <= 1 || given == models
                ? Optional.empty()
                : Optional.of("there are " + given + " of " + option + " for " + models
                        + " models; give one for each, or one for all");
    }

    /** What is to be done. */
    MergeConfig config(List<Path> models, Optional<DType> stored) {
        if (file.isPresent()) {
            MergeConfig config = MergeFile.read(file.get());
            return new MergeConfig(
                    config.method(),
                    config.base(),
                    config.models(),
                    config.parameters(),
                    config.dtype(),
                    stored.or(config::outDtype));
        }
        MergeMethod chosen = MergeMethod.named(method.orElseThrow());
        List<MergeConfig.Model> all = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
            all.add(new MergeConfig.Model(ModelOption.existing(models.get(i)), own(chosen, i)));
        }
        Optional<Path> from = base.map(folder -> ModelOption.existing(folder, "--base"))
                .or(() -> chosen.name().equals("slerp")
                        ? Optional.of(all.getFirst().folder())
                        : Optional.empty());
        return new MergeConfig(chosen, from, all, ofAll(), Optional.empty(), stored);
    }

    private Map<String, MergeValue> own(MergeMethod chosen, int model) {
        Map<String, MergeValue> own = new LinkedHashMap<>();
        if (!weights.isEmpty()) {
            own.put("weight", value(weights.get(weights.size() == 1 ? 0 : model), "--weight"));
        } else if (chosen.modelParameters().contains("weight")) {
            own.put("weight", MergeValue.of(1));
        }
        if (!densities.isEmpty()) {
            own.put("density", value(densities.get(densities.size() == 1 ? 0 : model), "--density"));
        }
        return own;
    }

    private Map<String, MergeValue> ofAll() {
        Map<String, MergeValue> all = new LinkedHashMap<>();
        t.ifPresent(value -> all.put("t", value(value, "--t")));
        lambda.ifPresent(value -> all.put("lambda", value(value, "--lambda")));
        normalize.ifPresent(value -> all.put("normalize", MergeValue.of(value ? 1 : 0)));
        rescale.ifPresent(value -> all.put("rescale", MergeValue.of(value ? 1 : 0)));
        return all;
    }

    private static MergeValue value(String text, String option) {
        try {
            List<Double> points = Arrays.stream(text.split(",", -1))
                    .map(point -> Double.valueOf(point.strip()))
                    .toList();
            if (points.stream().allMatch(Double::isFinite)) {
                return points.size() == 1 ? MergeValue.of(points.getFirst()) : new MergeValue.Gradient(points);
            }
        } catch (NumberFormatException e) {
            // told below
        }
        throw new CliException(option + " takes a number, or numbers with commas between them, found '" + text + "'");
    }
}
