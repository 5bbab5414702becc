// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer.gguf;

import dev.jacobian.transformer.plan.Attention;
import dev.jacobian.transformer.plan.DecoderPlan;
import dev.jacobian.transformer.plan.Mixer;
import dev.jacobian.transformer.plan.Recurrence.GatedDeltaNet;
import dev.jacobian.transformer.plan.TensorSpec;
import dev.jacobian.transformer.plan.TensorSpec.Kind;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Which tensors of a file lie otherwise than in the model, and how. */
final class GgufForms {
    private final GgufArchitecture architecture;
    private final DecoderPlan plan;

    private GgufForms(GgufArchitecture architecture, DecoderPlan plan) {
        this.architecture = architecture;
        this.plan = plan;
    }

    /**
     * The forms that are not {@link GgufForm#AS_IT_IS}, by the name of the tensor.
     *
     * @param plan with the names of the file
     */
    static Map<String, GgufForm> of(GgufArchitecture architecture, DecoderPlan plan) {
        GgufForms forms = new GgufForms(architecture, plan);
        Map<String, GgufForm> found = new HashMap<>();
        for (TensorSpec spec : plan.tensors()) {
            forms.of(spec).ifPresent(form -> found.put(spec.layout().stored(), form));
        }
        return found;
    }

    private Optional<GgufForm> of(TensorSpec spec) {
        if (spec.kind() == Kind.GAIN_LESS_ONE) {
            return Optional.of(new GgufForm.PlusOne());
        }
        return switch (spec.role()) {
            case SHARED_WEIGHT -> Optional.of(withoutOnes(spec));
            case CONVOLUTION_TAPS -> spec.kind() == Kind.TAPS ? Optional.of(withoutOnes(spec)) : Optional.empty();
            default ->
                spec.layer() == TensorSpec.NO_LAYER
                        ? Optional.empty()
                        : of(spec, plan.layers().get(spec.layer()).mixer());
        };
    }

    private Optional<GgufForm> of(TensorSpec spec, Mixer mixer) {
        return switch (mixer) {
            case Attention.Grouped attention ->
                switch (spec.role()) {
                    case QUERY, KEY ->
                        architecture.neighbours()
                                ? Optional.of(new Moved.Neighbours(attention.headDim()))
                                : Optional.empty();
                    default -> Optional.empty();
                };
            case Attention.Latent latent -> latent(spec, latent);
            case GatedDeltaNet net -> deltaNet(spec, net);
            default -> Optional.empty();
        };
    }

    /** Keys and values are projected up by a tensor each, a matrix a head, that of keys transposed. Older files have one for both. */
    private static Optional<GgufForm> latent(TensorSpec spec, Attention.Latent latent) {
        if (!spec.layout().isWhole(spec)) {
            return Optional.empty();
        }
        int heads = latent.heads();
        return switch (spec.role()) {
            case KEY_PLAIN -> Optional.of(new Moved.Turned(heads, latent.plainDim(), latent.keyValueRank()));
            case VALUE ->
                Optional.of(new GgufForm.Shaped(
                        extents(spec), List.of((long) heads, (long) latent.valueDim(), (long) latent.keyValueRank())));
            default -> Optional.empty();
        };
    }

    /** Heads that share a key head are dealt out in the architectures whose kernels repeat key heads in turn. */
    private Optional<GgufForm> deltaNet(TensorSpec spec, GatedDeltaNet net) {
        int shared = net.heads() / net.keyHeads();
        boolean dealt = architecture.family().equals("qwen3_5_text") && shared > 1;
        int keys = 2 * net.keyWidth(); // rows of queries and keys before those of values
        Moved.Dealt heads = new Moved.Dealt(0, net.keyHeads(), shared, 1);
        GgufForm form = switch (spec.role()) {
            case DELTA_VALUE_TAPS -> {
                GgufForm shaped = withoutOnes(spec);
                yield dealt
                        ? new GgufForm.InTurn(new Moved.Dealt(keys, net.keyHeads(), shared, net.valueDim()), shaped)
                        : shaped;
            }
            case DELTA_LOG_RATE -> dealt ? new GgufForm.InTurn(new Rates(), heads) : new Rates();
            case DELTA_VALUE -> new Moved.Dealt(keys, net.keyHeads(), shared, net.valueDim());
            case DELTA_GATE -> new Moved.Dealt(0, net.keyHeads(), shared, net.valueDim());
            case DELTA_STRENGTH, DELTA_DECAY, DELTA_DECAY_BIAS -> heads;
            case DELTA_OUTPUT -> new Moved.DealtColumns(heads, net.valueDim());
            default -> GgufForm.AS_IT_IS;
        };
        return form instanceof Moved && !dealt ? Optional.empty() : Optional.of(form);
    }

    private static List<Long> extents(TensorSpec spec) {
        return spec.layout().extents(spec).stream().map(Long::valueOf).toList();
    }

    /** A file keeps no extents of 1. */
    private static GgufForm withoutOnes(TensorSpec spec) {
        List<Long> extents = extents(spec);
        return new GgufForm.Shaped(
                extents, extents.stream().filter(extent -> extent > 1).toList());
    }
}
