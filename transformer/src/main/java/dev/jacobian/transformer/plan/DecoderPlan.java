// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.plan;

import dev.jacobian.tensor.CarriedStates;
import dev.jacobian.tensor.KvShape;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.Stream;

/**
 * What a decoder computes, as data: everything that decides its numbers, whatever family it comes from.
 *
 * <p>Decisions:
 *
 * <ul>
 *   <li>A layer is described by itself, because families differ within: windows, rotations and feed-forwards that alternate.
 *   <li>A form that differs in what it computes is a record of a sealed interface, never a flag: whoever computes, counts or
 *       describes a plan switches over all forms, and a new one does not compile until every place knows it.
 *   <li>A form is here only when it can be computed. What is not yet computed is refused where config.json is read, because
 *       its keys are unknown there.
 *   <li>{@link #tensors} is the only list of a decoder's tensors. Parameter counts, fresh weights, the check of a checkpoint,
 *       memory plans and saving come from it.
 * </ul>
 *
 * @param embedding tokens to rows
 * @param layers in order
 * @param finalNorm after the last layer
 * @param head what is read off the hidden states
 * @param names how a checkpoint stores the tensors
 */
public record DecoderPlan(
        Embedding embedding, List<LayerPlan> layers, Norm finalNorm, Head head, CheckpointNames names) {
    public DecoderPlan {
        layers = List.copyOf(layers);
    }

    /** D: elements of a hidden state. */
    public int width() {
        return embedding.width();
    }

    /** Elements of the widest attention head. */
    public int widestHead() {
        return attentions().mapToInt(Attention::headDim).max().orElse(0);
    }

    /** Keys that the last of so many tokens sees, in the layer that sees most. */
    public long seen(long tokens) {
        return layers.stream()
                .mapToLong(layer -> switch (layer.mixer().cached()) {
                    case KvShape shape when shape.window() > 0 -> Math.min(shape.window(), tokens);
                    case KvShape shape -> tokens;
                    case CarriedStates states -> 0;
                })
                .max()
                .orElse(0);
    }

    /** Numbers that a cache holds of a sequence of so many tokens, in all layers. */
    public long cached(long tokens) {
        return layers.stream()
                .mapToLong(layer -> layer.mixer().cached().numbers(tokens))
                .sum();
    }

    /** Numbers by which that grows with a token. */
    public long cachedPerToken() {
        return cached(1) - cached(0);
    }

    /** The attention of those layers that have one. */
    private Stream<Attention> attentions() {
        return layers.stream().map(LayerPlan::mixer).flatMap(mixer -> switch (mixer) {
            case Attention attention -> Stream.of(attention);
            case Recurrence recurrence -> Stream.empty();
        });
    }

    /** Elements of the largest matrix that a layer carries from token to token; 0 where none carries one. */
    public int largestState() {
        return layers.stream()
                .mapToInt(layer ->
                        layer.mixer() instanceof Recurrence.GatedDeltaNet net ? net.keyDim() * net.valueDim() : 0)
                .max()
                .orElse(0);
    }

    /** Whether a layer carries a state from token to token. */
    public boolean isRecurrent() {
        return layers.stream().anyMatch(layer -> layer.mixer() instanceof Recurrence);
    }

    /** E where routers choose by a softmax: those that can be kept equally busy by a loss. Empty if there are none. */
    public OptionalInt balancedExperts() {
        return layers.stream()
                .map(LayerPlan::feedForward)
                .filter(rows ->
                        rows instanceof FeedForward.Experts experts && experts.router() instanceof Router.Softmax)
                .mapToInt(rows -> ((FeedForward.Experts) rows).count())
                .findFirst();
    }

    /** Whether sequences of these two lengths go by the same rotations; if not, a cache of the one says nothing of the other. */
    public boolean rotatesAlike(int length, int otherLength) {
        return ropes().allMatch(rope -> rope.variant(length) == rope.variant(otherLength));
    }

    /** Whether rotations depend on how long a sequence is. */
    public boolean rotationsDependOnLength() {
        return ropes().anyMatch(RopeConfig::dependsOnLength);
    }

    private Stream<RopeConfig> ropes() {
        return layers.stream().flatMap(layer -> switch (layer.mixer()) {
            case Attention.Grouped grouped -> ropes(grouped.positions());
            case Attention.Gated gated -> ropes(gated.grouped().positions());
            case Attention.Latent latent -> ropes(latent.rotary());
            case Recurrence recurrence -> Stream.empty();
        });
    }

    private static Stream<RopeConfig> ropes(Positions positions) {
        return switch (positions) {
            case Positions.Rotary rotary -> Stream.of(rotary.rope());
            case Positions.GrowingQueries growing -> Stream.of(growing.rotary().rope());
            case Positions.None none -> Stream.empty();
        };
    }

    /** The same decoder with another head. */
    public DecoderPlan withHead(Head other) {
        return new DecoderPlan(embedding, layers, finalNorm, other, names);
    }

    /** The same decoder with other names for its tensors. */
    public DecoderPlan withNames(CheckpointNames other) {
        return new DecoderPlan(embedding, layers, finalNorm, head, other);
    }

    /** All tensors of the model in the order of a checkpoint: embedding, layers, final norm, head. A tied head is not listed. */
    public List<TensorSpec> tensors() {
        return TensorList.of(this);
    }

    /** Number of parameters, tied ones counted once, buffers not. */
    public long parameters() {
        return tensors().stream()
                .filter(spec -> spec.kind() != TensorSpec.Kind.BUFFER)
                .mapToLong(TensorSpec::elements)
                .sum();
    }
}
