// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.jacobian.autograd.Parameter;
import dev.jacobian.io.safetensors.SafetensorsFile;
import dev.jacobian.io.safetensors.SafetensorsWriter;
import dev.jacobian.rl.run.Checkpointed;
import dev.jacobian.tensor.Backends;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TokenScores;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * The reference policy of a run: the model as it was at first, or what it left behind.
 *
 * <p>Frozen it needs nothing from a checkpoint, because a resumed run loads the same model again. One that follows is saved. Scores that
 * were made before training are kept by example, so that batches may come in any order. Of a model with an adapter the reference is the
 * model without it, in the same memory.
 */
final class Reference implements Checkpointed {
    private static final String WEIGHTS = "reference.safetensors";

    private final ReferenceConfig config;
    private final int limit;
    private final CausalLM weights;
    private final Map<Object, float[]> scores = new HashMap<>(); // by example, where they were made before

    /**
     * @param policy as it is now
     * @param aside whether spans that belong to no single example are scored too: these are not known beforehand
     */
    Reference(CausalLM policy, ReferenceConfig config, int limit, boolean aside) {
        this.config = config;
        this.limit = limit;
        boolean adapted = policy.adapter().isPresent();
        if (adapted && config.syncRefModel()) {
            throw new IllegalArgumentException(
                    "sync_ref_model=true is for models that are trained whole: the reference of an adapter is the"
                            + " model without it");
        }
        boolean known = config.precomputeRefLogProbs() && !aside;
        this.weights = adapted ? policy.withoutAdapter() : known ? policy : policy.copy();
    }

    /** Scores examples now, if that is asked for; the policy is still what the reference is. */
    <E> void prepare(OfflineMethod<E> method, List<E> examples) {
        if (config.precomputeRefLogProbs()) {
            for (E example : examples) {
                scores.put(
                        example,
                        score(weights, method.spans(List.of(example))).tokens().logProbs());
            }
        }
    }

    /** The scores of a micro-batch's spans. */
    <E> SpanScores score(List<E> batch, List<Span> spans) {
        if (!config.precomputeRefLogProbs()) {
            return score(weights, spans);
        }
        int[] offsets = SpanScores.joined(PackedSpans.cut(spans, Integer.MAX_VALUE), List.of(TokenScores.NONE))
                .offsets();
        float[] logProbs = new float[offsets[offsets.length - 1]];
        int at = 0;
        for (E example : batch) {
            float[] own = Objects.requireNonNull(scores.get(example));
            System.arraycopy(own, 0, logProbs, at, own.length);
            at += own.length;
        }
        return new SpanScores(
                new TokenScores(logProbs, new float[0], new float[0], new float[0], new float[0]), offsets);
    }

    /** The scores of spans that belong to no single example. */
    SpanScores scoreAside(List<Span> spans) {
        return score(weights, spans);
    }

    private SpanScores score(CausalLM model, List<Span> spans) {
        return Scorer.score(model, spans, limit, Set.of());
    }

    /** Follows the policy, if it is time to: ref = α policy + (1 − α) ref. */
    void follow(CausalLM policy, int step) {
        if (!config.syncsAfter(step)) {
            return;
        }
        float alpha = (float) config.refModelMixupAlpha();
        for (Parameter own : weights.parameters()) {
            var kernels = Backends.of(own.value().device()).elementwise();
            kernels.scale(own.value(), 1 - alpha, own.value());
            kernels.addScaled(policy.parameter(own.name()).value(), alpha, own.value());
            own.valueChanged();
        }
    }

    @Override
    public void save(Path checkpoint, ObjectNode state) {
        if (config.syncRefModel()) {
            SafetensorsWriter writer = new SafetensorsWriter();
            weights.parameters().forEach(own -> writer.add(own.name(), own.value()));
            writer.write(checkpoint.resolve(WEIGHTS));
        }
    }

    @Override
    public void restore(Path checkpoint, JsonNode state) {
        if (config.syncRefModel()) {
            try (SafetensorsFile file = SafetensorsFile.open(checkpoint.resolve(WEIGHTS))) {
                for (Parameter own : weights.parameters()) {
                    own.value().copyFrom(file.read(own.name()));
                    own.valueChanged();
                }
            }
        }
    }
}
