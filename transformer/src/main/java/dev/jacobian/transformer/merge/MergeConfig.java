// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.merge;

import dev.jacobian.tensor.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.TreeSet;

/**
 * What becomes of which models.
 *
 * @param method the formula
 * @param base the model that others are told apart from; where its method needs none it is one of the models
 * @param models in the order in which the formula takes them
 * @param parameters of the method, and of all models that have none of their own
 * @param dtype what weights are rounded to before they are merged; empty for none
 * @param outDtype what they are stored in; empty for dtype, or for what the base, or else the first model, has
 */
public record MergeConfig(
        MergeMethod method,
        Optional<Path> base,
        List<Model> models,
        Map<String, MergeValue> parameters,
        Optional<DType> dtype,
        Optional<DType> outDtype) {
    /**
     * A model that takes part.
     *
     * @param folder its checkpoint
     * @param parameters its own
     */
    public record Model(Path folder, Map<String, MergeValue> parameters) {
        public Model {
            parameters = Map.copyOf(parameters);
        }
    }

    /**
     * @throws IllegalArgumentException if the method lacks its base or takes another number of models, or a parameter is none of its own
     */
    public MergeConfig {
        models = withBase(models, base);
        parameters = Map.copyOf(parameters);
        if (method.needsBase() && base.isEmpty()) {
            throw new IllegalArgumentException(
                    method.name() + " needs a base model: base_model in the file, --base on the command line");
        }
        method.requireModels(models.size());
        Set<String> both = new TreeSet<>(method.parameters());
        both.addAll(method.modelParameters());
        requireKnown(method, parameters.keySet(), both);
        for (Model model : models) { // as in mergekit a model may also carry what belongs to the method, without effect
            requireKnown(method, model.parameters().keySet(), both);
        }
    }

    /** A base that is not listed takes part too, before the others. */
    private static List<Model> withBase(List<Model> listed, Optional<Path> base) {
        List<Model> all = new ArrayList<>(listed);
        if (base.isPresent() && listed.stream().noneMatch(model -> same(model.folder(), base.get()))) {
            all.addFirst(new Model(base.get(), Map.of()));
        }
        return List.copyOf(all);
    }

    private static void requireKnown(MergeMethod method, Set<String> given, Set<String> known) {
        for (String key : new TreeSet<>(given)) {
            if (!known.contains(key)) {
                String those = MergeMethod.all().stream()
                        .filter(other -> other.parameters().contains(key)
                                || other.modelParameters().contains(key))
                        .map(MergeMethod::name)
                        .reduce((a, b) -> a + ", " + b)
                        .map(names -> "; that is one of " + names)
                        .orElse("");
                throw new IllegalArgumentException(method.name() + " has no parameter '" + key + "'" + those
                        + ". It has " + String.join(", ", known));
            }
        }
    }

    static boolean same(Path a, Path b) {
        return a.toAbsolutePath().normalize().equals(b.toAbsolutePath().normalize());
    }

    /** Whether a model is the base. */
    public boolean isBase(Model model) {
        return base.isPresent() && same(base.get(), model.folder());
    }

    /** The model whose configuration, tokenizer and names the result has: the base, or the first. */
    public Model pattern() {
        return models.stream().filter(this::isBase).findFirst().orElse(models.getFirst());
    }

    /** A parameter of the method for a tensor, if anybody has set it. */
    OptionalDouble parameter(String name, String tensor, double depth) {
        MergeValue value = parameters.get(name);
        return value == null ? OptionalDouble.empty() : value.at(tensor, depth);
    }

    /** A parameter of a model for a tensor: its own, or the one of all. */
    OptionalDouble parameter(Model model, String name, String tensor, double depth) {
        MergeValue value = model.parameters().get(name);
        OptionalDouble own = value == null ? OptionalDouble.empty() : value.at(tensor, depth);
        return own.isPresent() ? own : parameter(name, tensor, depth);
    }

    /** The plain average of some models, by which Kimi k1.5 makes long thoughts shorter. */
    public static MergeConfig average(List<Path> models) {
        return linear(models, models.stream().map(model -> 1.0).toList());
    }

    /** The weighted mean of some models. */
    public static MergeConfig linear(List<Path> models, List<Double> weights) {
        List<Model> all = new ArrayList<>();
        for (int i = 0; i < models.size(); i++) {
            all.add(new Model(models.get(i), Map.of("weight", MergeValue.of(weights.get(i)))));
        }
        return new MergeConfig(new Linear(), Optional.empty(), all, Map.of(), Optional.empty(), Optional.empty());
    }

    /** From one model to another along the sphere. */
    public static MergeConfig slerp(Path from, Path to, double t) {
        return new MergeConfig(
                new Slerp(),
                Optional.of(from),
                List.of(new Model(from, Map.of()), new Model(to, Map.of())),
                new LinkedHashMap<>(Map.of("t", MergeValue.of(t))),
                Optional.empty(),
                Optional.empty());
    }
}
