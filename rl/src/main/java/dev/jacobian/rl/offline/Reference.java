// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.io.spill.RecordReader;
import dev.jacobian.io.spill.Spill;
import dev.jacobian.io.spill.SpillingList;
import dev.jacobian.rl.learn.Reading;
import dev.jacobian.rl.learn.ReferencePolicy;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TokenScores;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What the {@linkplain ReferencePolicy reference policy} of a run thinks of its examples.
 *
 * <p>Scores that were made before training ({@code precompute_ref_log_probs}) are kept by the example's place in the data, so that batches may come
 * in any order; then there is no second model, unless spans of no single example are scored too.
 */
final class Reference {
    private static final Reading READING = new Reading.LogProbs(Set.of());

    private final int limit;
    private final boolean known;
    private final Optional<ReferencePolicy> model; // empty if all that it would be asked is known
    private final List<CausalLM> teachers; // who are the reference instead
    private final List<float[]> scores = new SpillingList<>(
            RecordCodec.of((row, out) -> out.reals(row), RecordReader::reals),
            Spill.usual()); // by place, where they were made before

    private Reference(int limit, boolean known, Optional<ReferencePolicy> model, List<CausalLM> teachers) {
        this.teachers = teachers;
        this.limit = limit;
        this.known = known;
        this.model = model;
    }

    /** Other models, by the mean of their log-probabilities. */
    static Reference of(List<CausalLM> teachers, int limit) {
        return new Reference(limit, false, Optional.empty(), teachers);
    }

    /**
     * The policy as it is now.
     *
     * @param examples scored at once, if that is asked for
     */
    static <E> Reference of(CausalLM policy, OfflineMethod<E> method, List<E> examples, int limit) {
        ReferenceConfig config = method.referenceConfig();
        boolean known = config.precomputeRefLogProbs();
        Reference reference = new Reference(
                limit,
                known,
                known && !method.scoresAside()
                        ? Optional.empty()
                        : Optional.of(ReferencePolicy.of(policy, false, config.sync())),
                List.of());
        if (known) {
            CausalLM now = policy.adapter().isPresent() ? policy.withoutAdapter() : policy;
            for (E example : examples) {
                reference.scores.add(reference
                        .score(now, method.spans(List.of(example)))
                        .tokens()
                        .logProbs());
            }
        }
        return reference;
    }

    /** The model, as long as it is needed. */
    Optional<ReferencePolicy> model() {
        return model;
    }

    /**
     * The scores of a micro-batch's spans.
     *
     * @param places of its examples in the data
     */
    SpanScores score(List<Long> places, List<Span> spans) {
        if (!known) {
            return scoreAside(spans);
        }
        int[] offsets = SpanScores.offsets(PackedSpans.cut(spans, Integer.MAX_VALUE, READING));
        float[] logProbs = new float[offsets[offsets.length - 1]];
        int at = 0;
        for (long place : places) {
            float[] own = scores.get(Math.toIntExact(place));
            System.arraycopy(own, 0, logProbs, at, own.length);
            at += own.length;
        }
        return new SpanScores(
                new TokenScores(logProbs, new float[0], new float[0], new float[0], new float[0]), offsets);
    }

    /** The scores of spans that belong to no single example. */
    SpanScores scoreAside(List<Span> spans) {
        if (spans.isEmpty()) {
            return SpanScores.of(List.of(), TokenScores.NONE);
        }
        if (!teachers.isEmpty()) {
            return ofTeachers(spans);
        }
        List<SpanScores> scored = new ArrayList<>();
        model.orElseThrow().use(weights -> scored.add(score(weights, spans)));
        return scored.getFirst();
    }

    private SpanScores ofTeachers(List<Span> spans) {
        SpanScores first = score(teachers.getFirst(), spans);
        float[] mean = first.tokens().logProbs().clone();
        for (int t = 1; t < teachers.size(); t++) {
            float[] more = score(teachers.get(t), spans).tokens().logProbs();
            for (int i = 0; i < mean.length; i++) {
                mean[i] += (more[i] - mean[i]) / (t + 1);
            }
        }
        return new SpanScores(TokenScores.ofNumbers(mean), first.offsets());
    }

    private SpanScores score(CausalLM weights, List<Span> spans) {
        return Scorer.score(weights, spans, limit, READING);
    }
}
