// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Var;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.quantized.StoredWeights;
import dev.jacobian.tensor.QuantizedMatrix;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.WeightFormat;
import dev.jacobian.transformer.plan.CheckpointNames;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Layout;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * Weights from safetensors, checked against the configuration: a missing tensor, a wrong shape and a tensor that the
 * configuration has no place for (a bias, say, where config.json promises none) are errors.
 */
final class CheckpointWeights implements Weights {
    private final StoredWeights tensors;
    private final DecoderPlan plan;
    private final Path folder;
    private final Set<String> used = ConcurrentHashMap.newKeySet();

    CheckpointWeights(StoredWeights tensors, DecoderPlan plan, Path folder) {
        this.tensors = tensors;
        this.plan = plan;
        this.folder = folder;
    }

    /**
     * The plan under the names of a checkpoint: as the family has them, with the weights of all experts in one tensor, or without the
     * part that only models with a head have.
     */
    static DecoderPlan named(DecoderPlan plan, Set<String> stored) {
        String base = plan.names().base();
        boolean isBare = !base.isEmpty() && stored.stream().noneMatch(name -> name.startsWith(base));
        DecoderPlan family = isBare ? plan.withNames(plan.names().withoutBase()) : plan;
        if (!hasSplitExperts(family) || hasExperts(family, stored)) {
            return family;
        }
        CheckpointNames names = plan.names().stackedExperts();
        DecoderPlan stacked = plan.withNames(isBare ? names.withoutBase() : names);
        return hasExperts(stacked, stored) ? stacked : family;
    }

    private static boolean hasSplitExperts(DecoderPlan plan) {
        return experts(plan).anyMatch(spec -> spec.layout().isSplit());
    }

    private static boolean hasExperts(DecoderPlan plan, Set<String> stored) {
        return experts(plan).anyMatch(spec -> stored.contains(spec.layout().stored(0)));
    }

    private static Stream<TensorSpec> experts(DecoderPlan plan) {
        return plan.tensors().stream().filter(spec -> spec.kind() == TensorSpec.Kind.EXPERTS);
    }

    @Override
    public boolean isConcurrent() {
        return true;
    }

    @Override
    public Var get(TensorSpec spec) {
        return Weights.parameter(spec, StoredTensors.take(spec, name -> tensors.read(checked(name, spec))));
    }

    @Override
    public Tensor narrow(TensorSpec spec) {
        return spec.layout().isPlain(spec)
                ? tensors.readNarrow(checked(spec.layout().stored(), spec))
                : Weights.super.narrow(spec);
    }

    @Override
    public Optional<QuantizedMatrix> blocks(TensorSpec spec, WeightFormat format) {
        Layout layout = spec.layout();
        if (!format.isQuantized() || storedFormat(spec) != format) {
            return Optional.empty();
        }
        QuantizedMatrix stored = tensors.readBlocks(checked(layout.stored(), spec));
        int rows = spec.rows();
        return Optional.of(
                layout.isPlain(spec)
                        ? stored
                        : stored.select(
                                (int) (spec.elements() / spec.rowElements()),
                                row -> row / rows * layout.rows() + layout.row(row % rows)));
    }

    /** The format that holds a matrix without rounding it. */
    WeightFormat storedFormat(TensorSpec spec) {
        Layout layout = spec.layout();
        if (layout.isSplit() || !tensors.contains(layout.stored())) {
            return WeightFormat.F32; // what is missing is told of when it is read
        }
        WeightFormat stored = tensors.format(layout.stored());
        return stored.isQuantized() && layout.order() != Layout.Order.PLAIN ? WeightFormat.F32 : stored;
    }

    /**
     * The formats of all matrices.
     *
     * @param model the plan under the model's own names
     * @param stored the same under those of these weights
     */
    WeightFormats.AsStored formats(DecoderPlan model, DecoderPlan stored) {
        Map<String, WeightFormat> formats = new HashMap<>();
        for (int i = 0; i < model.tensors().size(); i++) { // both in the same order
            formats.put(
                    model.tensors().get(i).name(), storedFormat(stored.tensors().get(i)));
        }
        return new WeightFormats.AsStored(formats);
    }

    /** The name of a tensor that is there and has its shape. */
    private String checked(String name, TensorSpec spec) {
        if (!tensors.contains(name)) {
            throw new FormatException(
                    folder.toString(),
                    "the checkpoint has no tensor '" + name + "'",
                    tensors.advice().orElse(advice(spec)));
        }
        List<Long> found = tensors.extents(name);
        List<Long> wanted =
                spec.layout().extents(spec).stream().map(Long::valueOf).toList();
        if (!found.equals(wanted)) {
            throw new FormatException(
                    folder.toString(),
                    "tensor '" + name + "' has shape " + found + ", config.json makes it " + wanted,
                    "Use the config.json that belongs to the weights");
        }
        used.add(name);
        return name;
    }

    private static String advice(TensorSpec spec) {
        return spec.role() == Role.HEAD
                ? "Set tie_word_embeddings to true in config.json if the embedding is the head; what was saved without"
                        + " a head is no language model"
                : "config.json asks for it; use the config.json that belongs to the weights";
    }

    /** Looks for every tensor without reading one. */
    void requireAll() {
        for (TensorSpec spec : plan.tensors()) {
            Layout layout = spec.layout();
            if (layout.isSplit()) {
                for (int expert = 0; expert < spec.extents().getFirst(); expert++) {
                    checked(layout.stored(expert), spec);
                }
            } else {
                checked(layout.stored(), spec);
            }
        }
    }

    void requireAllUsed() {
        Set<String> left = new TreeSet<>(tensors.names());
        left.removeAll(used);
        left.removeIf(plan.names()::isPassedOver);
        if (plan.head() instanceof Head.TiedTokens) {
            String head = nameOf(plan.withHead(new Head.Tokens()), Role.HEAD);
            if (left.remove(head)) {
                requireEqual(head, nameOf(plan, Role.EMBEDDING));
            }
        }
        if (plan.head()
                instanceof Head.Scores) { // a language model's own head may be there still, and nothing reads it
            left.remove(nameOf(plan.withHead(new Head.Tokens()), Role.HEAD));
        }
        if (!left.isEmpty()) {
            throw new FormatException(
                    folder.toString(),
                    "the checkpoint has " + left.size() + " tensors that config.json has no place for, such as '"
                            + left.iterator().next() + "'",
                    tensors.advice().orElse("Use the config.json that belongs to the weights"));
        }
    }

    private static String nameOf(DecoderPlan plan, Role role) {
        return plan.tensors().stream()
                .filter(spec -> spec.role() == role)
                .map(spec -> spec.layout().stored())
                .findFirst()
                .orElseThrow();
    }

    private void requireEqual(String head, String embedding) {
        if (!Arrays.equals(
                tensors.read(head).toFloatArray(), tensors.read(embedding).toFloatArray())) {
            throw new FormatException(
                    folder.toString(),
                    "tie_word_embeddings is true but " + head + " differs from " + embedding,
                    "Set tie_word_embeddings to false in config.json, or remove " + head);
        }
    }
}
