// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.ExpertWeights;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.LowRankDropout;
import dev.jacobian.autograd.LowRankWeight;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Device;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.lora.LoraPlan;
import dev.jacobian.transformer.lora.LoraTarget;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Another source's weights, none of which is trained, changed by an adapter, which is.
 *
 * <p>Decision: what is held of the base model stays known here, so that the model without its adapter ({@link #base}) is a second way to
 * read the same memory.
 */
final class LoraWeights implements Weights {
    /** A tensor of the model, whatever a checkpoint calls it. */
    private record Place(Role role, TensorSpec.Kind kind, int layer) {
        static Place of(TensorSpec spec) {
            return new Place(spec.role(), spec.kind(), spec.layer());
        }
    }

    private final Weights held;
    private final LoraPlan plan;
    private final TensorSpec tiedHead;
    private final AdapterTensors values;
    private final Device device;
    private final LowRankDropout dropout;
    private final Map<String, Parameter> trained = new LinkedHashMap<>();
    private final List<LowRankWeight> changed = new ArrayList<>();
    private final Map<Place, LinearWeight> bases = new HashMap<>();
    private final Map<Place, ExpertWeights> experts = new HashMap<>();
    private final Map<Place, LinearWeight> results = new HashMap<>(); // where they are others

    /**
     * Weights with an adapter.
     *
     * @param held the base model's, constants or {@linkplain dev.jacobian.autograd.FrozenWeight frozen}
     * @param tiedHead what stands for a head that is the embedding
     * @param seed of dropout
     */
    LoraWeights(Weights held, LoraPlan plan, TensorSpec tiedHead, AdapterTensors values, Device device, long seed) {
        this.held = held;
        this.plan = plan;
        this.tiedHead = tiedHead;
        this.values = values;
        this.device = device;
        this.dropout = new LowRankDropout(plan.config().dropout(), seed);
    }

    /** The same base model with other numbers in the adapter. */
    LoraWeights with(AdapterTensors others) {
        return new LoraWeights(base(), plan, tiedHead, others, device, dropout.seed());
    }

    /** What the adapter adds to the rows of a table; asked for once it has been built. */
    Optional<Tensor> sum(TensorSpec table) {
        return rows(table).map(rows -> rows.sumWith(baseOf(table).numbers(device)));
    }

    /** A weight of the base model. */
    LinearWeight baseOf(TensorSpec spec) {
        return Objects.requireNonNull(bases.get(Place.of(spec)), spec.name());
    }

    /** The numbers of a weight as the adapter makes it, in F32. */
    Tensor numbers(TensorSpec spec) {
        ExpertWeights each = experts.get(Place.of(spec));
        if (each == null) {
            return changedOf(spec).numbers(device);
        }
        return switch (each) {
            case ExpertWeights.Together together -> together.weights().value();
            case ExpertWeights.Each frozen -> {
                Tensor all = Tensor.zeros(spec.shape()); // [E, M, K]
                for (int expert = 0; expert < frozen.weights().size(); expert++) {
                    all.select(0, expert).copyFrom(frozen.weights().get(expert).numbers(device));
                }
                yield all;
            }
        };
    }

    private LinearWeight changedOf(TensorSpec spec) {
        return results.getOrDefault(Place.of(spec), baseOf(spec));
    }

    LoraPlan plan() {
        return plan;
    }

    TensorSpec tiedHead() {
        return tiedHead;
    }

    Device device() {
        return device;
    }

    /** The adapter, once the model has been built. */
    LoraAdapter adapter() {
        Map<String, Parameter> ordered = new LinkedHashMap<>();
        plan.tensors().forEach(spec -> {
            Parameter parameter = trained.get(spec.name());
            if (parameter != null) {
                ordered.put(spec.name(), parameter);
            }
        });
        return new LoraAdapter(plan, ordered, changed, dropout);
    }

    @Override
    public Map<String, Parameter> trained() {
        return adapter().parameters();
    }

    /** The same model's weights without the adapter. Biases that are trained stay as they are now, as in PEFT. */
    Weights base() {
        return new Weights() {
            @Override
            public Var get(TensorSpec spec) {
                return (Var) baseOf(spec);
            }

            @Override
            public LinearWeight linear(TensorSpec spec) {
                return baseOf(spec);
            }

            @Override
            public ExpertWeights experts(TensorSpec spec) {
                return Objects.requireNonNull(experts.get(Place.of(spec)), spec.name());
            }

            @Override
            public LinearWeight router(TensorSpec spec) {
                return baseOf(spec);
            }

            @Override
            public LinearWeight tiedHead(TensorSpec spec, Var table) {
                return baseOf(tiedHead);
            }
        };
    }

    @Override
    public Var get(TensorSpec spec) {
        Var base = held.get(spec);
        return plan.whole(spec).map(tensor -> whole(spec, tensor, base)).orElseGet(() -> (Var) base(spec, base));
    }

    @Override
    public LinearWeight linear(TensorSpec spec) {
        return changed(spec, held.linear(spec));
    }

    /** As they are: no adapter changes them. */
    @Override
    public ExpertWeights experts(TensorSpec spec) {
        ExpertWeights own = held.experts(spec);
        experts.put(Place.of(spec), own);
        return own;
    }

    @Override
    public LinearWeight router(TensorSpec spec) {
        return changed(spec, held.router(spec));
    }

    @Override
    public Var table(TensorSpec spec) {
        Var base = held.table(spec);
        return plan.whole(spec).map(tensor -> whole(spec, tensor, base)).orElseGet(() -> (Var) base(spec, base));
    }

    @Override
    public Var buffer(TensorSpec spec) {
        return (Var) base(spec, held.buffer(spec));
    }

    @Override
    public Optional<LowRankRows> rows(TensorSpec spec) {
        return plan.target(spec)
                .map(target -> new LowRankRows(parameter(target.a()), parameter(target.b()), target.scale()));
    }

    @Override
    public LinearWeight tiedHead(TensorSpec spec, Var table) {
        return changed(tiedHead, held.tiedHead(spec, (Var) baseOf(spec)));
    }

    private LinearWeight base(TensorSpec spec, LinearWeight weight) {
        bases.put(Place.of(spec), weight);
        return weight;
    }

    private LinearWeight changed(TensorSpec spec, LinearWeight base) {
        if (plan.whole(spec).isPresent()) {
            return whole(spec, plan.whole(spec).get(), base);
        }
        base(spec, base);
        return plan.target(spec)
                .<LinearWeight>map(target -> lowRank(target, base))
                .orElse(base);
    }

    /** What is trained as it is. */
    private Var whole(TensorSpec spec, TensorSpec tensor, LinearWeight base) {
        Tensor value = values.get(tensor).orElseGet(() -> base.numbers(device).copy());
        Parameter parameter = parameter(tensor, value);
        results.put(Place.of(spec), parameter);
        base(spec, plan.staysWithoutAdapter(spec) ? parameter : base);
        return parameter;
    }

    private LowRankWeight lowRank(LoraTarget target, LinearWeight base) {
        LowRankDropout.Stream own = dropout.stream(changed.size());
        Var a = parameter(target.a());
        Var b = parameter(target.b());
        Optional<Var> magnitude = target.magnitude()
                .map(spec -> parameter(
                        spec,
                        values.get(spec)
                                .orElseGet(() -> Tensor.of(
                                        new LowRankWeight(base, a, b, target.scale(), Optional.empty(), own).rowNorms(),
                                        spec.shape()))));
        LowRankWeight weight = new LowRankWeight(base, a, b, target.scale(), magnitude, own);
        changed.add(weight);
        results.put(Place.of(target.base()), weight);
        return weight;
    }

    private Parameter parameter(TensorSpec spec) {
        Parameter known = trained.get(spec.name());
        return known != null ? known : parameter(spec, values.get(spec).orElseThrow());
    }

    private Parameter parameter(TensorSpec spec, Tensor value) {
        Parameter parameter = Weights.parameter(spec, value.to(device));
        trained.put(spec.name(), parameter);
        return parameter;
    }
}
