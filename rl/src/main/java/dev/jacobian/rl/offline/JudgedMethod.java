// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.io.spill.RecordCodec;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A method that learns from single completions that were liked or not, beside a reference policy. */
interface JudgedMethod extends OfflineMethod<Judged> {
    @Override
    default Map<String, Object> defaults() {
        return Map.of("learning_rate", 1e-6, "lr_scheduler_type", "linear");
    }

    @Override
    default RecordCodec<Judged> codec() {
        return Judged.CODEC;
    }

    @Override
    default List<Judged> encode(JsonNode row, RowEncoder encoder) {
        return encoder.judged(row);
    }

    @Override
    default List<Judged> arrange(List<Judged> examples, int maxLength) {
        return Judged.unpaired(examples);
    }

    @Override
    default List<Span> spans(List<Judged> batch) {
        return Judged.spans(batch);
    }

    /** Prompts with each other's completions. */
    @Override
    default List<Span> aside(List<Judged> batch) {
        return scoresAside() ? spans(Judged.mismatched(batch)) : List.of();
    }

    @Override
    default long tokens(Judged example) {
        return example.length();
    }

    @Override
    default boolean needsReference() {
        return true;
    }

    @Override
    default Set<Measure> measures() {
        return Set.of(Measure.MEAN_LOGIT);
    }
}
