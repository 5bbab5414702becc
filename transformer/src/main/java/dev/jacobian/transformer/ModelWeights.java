// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Changes;
import dev.jacobian.autograd.ExpertWeights;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Norm;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import dev.jacobian.transformer.plan.TensorSpec.Kind;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * The tensors of a model by what they are for. All are fetched before any layer is built; the layers
 * then ask for roles and know neither names nor shapes.
 */
final class ModelWeights {
    private record Place(Role role, Kind kind, int layer) {}

    private final Map<Place, LinearWeight> held = new HashMap<>();
    private final Map<Place, ExpertWeights> experts = new HashMap<>();
    private final Map<String, Parameter> parameters = new LinkedHashMap<>();
    private final Changes changes = new Changes();
    private final Optional<LowRankRows> embeddingRows;
    private final Map<String, Tensor> buffers = new LinkedHashMap<>();

    ModelWeights(DecoderPlan plan, Weights source) {
        FetchedWeights fetched = new FetchedWeights(plan, source);
        List<TensorSpec> specs = plan.tensors();
        for (int i = 0; i < specs.size(); i++) {
            TensorSpec spec = specs.get(i);
            if (spec.kind() == Kind.EXPERTS) {
                ExpertWeights own = fetched.experts(i);
                experts.put(new Place(spec.role(), spec.kind(), spec.layer()), own);
                if (own instanceof ExpertWeights.Together(Parameter trainable)) {
                    parameters.put(spec.name(), trainable);
                }
                continue;
            }
            LinearWeight weight = fetched.weight(i);
            held.put(new Place(spec.role(), spec.kind(), spec.layer()), weight);
            if (weight instanceof Parameter trainable) {
                parameters.put(spec.name(), trainable);
            } else if (spec.kind() == Kind.BUFFER) {
                buffers.put(spec.name(), ((Var) weight).value());
            }
        }
        embeddingRows = fetched.embeddingRows();
        fetched.tiedHead().ifPresent(head -> held.put(new Place(Role.HEAD, Kind.MATRIX, TensorSpec.NO_LAYER), head));
        Map<String, Parameter> adapter = source.trained();
        if (!adapter.isEmpty()) {
            parameters.clear();
            parameters.putAll(adapter);
        }
        parameters.values().forEach(parameter -> parameter.countIn(changes));
    }

    /** What an adapter adds to the embedding's rows. */
    Optional<LowRankRows> embeddingRows() {
        return embeddingRows;
    }

    /** What can be trained by name, in the order of the plan; a tied head is not listed a second time. */
    Map<String, Parameter> parameters() {
        return parameters;
    }

    /** Counts whenever any of the parameters changes. */
    Changes changes() {
        return changes;
    }

    /** What is not trained but belongs to the model, by name. */
    Map<String, Tensor> buffers() {
        return buffers;
    }

    /** The embedding's table, [V, D]. */
    Var embedding() {
        return table(Role.EMBEDDING);
    }

    /** A table of rows. */
    Var table(Role role) {
        return (Var) weight(role, Kind.TABLE, TensorSpec.NO_LAYER);
    }

    /** The factor of a norm. */
    Var gain(Role role, int layer) {
        return (Var) weight(role, Kind.GAIN, layer);
    }

    /** The factors of the norms of heads, [H, headDim]. */
    Var headGains(Role role, int layer) {
        return (Var) weight(role, Kind.HEAD_GAINS, layer);
    }

    /** The factor of a norm, or that less 1, as the norm has it. */
    Var gain(Norm norm, Role role, int layer) {
        return switch (norm.gain()) {
            case WEIGHT -> gain(role, layer);
            case ONE_PLUS_WEIGHT -> (Var) weight(role, Kind.GAIN_LESS_ONE, layer);
        };
    }

    /** The factors of a convolution, [channels, 1, rows]. */
    Var taps(Role role, int layer) {
        return (Var) weight(role, Kind.TAPS, layer);
    }

    /** A number for each head. */
    Var perHead(Role role, int layer) {
        return (Var) weight(role, Kind.PER_HEAD, layer);
    }

    /** The weight of a linear layer, [outputs, inputs]. */
    LinearWeight matrix(Role role, int layer) {
        return weight(role, Kind.MATRIX, layer);
    }

    /** The weights of a linear layer of all experts, [E, outputs, inputs]. */
    ExpertWeights experts(Role role, int layer) {
        return Objects.requireNonNull(experts.get(new Place(role, Kind.EXPERTS, layer)));
    }

    /** What is added after a linear layer of all experts, [E, outputs], where the plan has it. */
    Optional<Var> expertBiases(Role role, int layer) {
        return Optional.ofNullable((Var) held.get(new Place(role, Kind.EXPERT_BIASES, layer)));
    }

    /** What is not trained. */
    Var buffer(Role role, int layer) {
        return (Var) weight(role, Kind.BUFFER, layer);
    }

    /** A linear layer. */
    Projection projection(Role role, int layer) {
        return new Projection(matrix(role, layer), bias(role, layer));
    }

    /** What is added after a linear layer or a norm, where the plan has it. */
    Optional<Var> bias(Role role, int layer) {
        return Optional.ofNullable((Var) held.get(new Place(role, Kind.BIAS, layer)));
    }

    private LinearWeight weight(Role role, Kind kind, int layer) {
        LinearWeight weight = held.get(new Place(role, kind, layer));
        if (weight == null) {
            throw new IllegalStateException("the plan lists no " + kind + " of " + role + " in layer " + layer);
        }
        return weight;
    }
}
