// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.io.spill.RecordCodec;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A method that learns from pairs of completions of a prompt, one of which was chosen. */
interface PreferenceMethod extends OfflineMethod<Preference> {
    @Override
    default Map<String, Object> defaults() {
        return Map.of("learning_rate", 1e-6, "lr_scheduler_type", "linear");
    }

    @Override
    default RecordCodec<Preference> codec() {
        return Preference.CODEC;
    }

    @Override
    default List<Preference> encode(JsonNode row, RowEncoder encoder) {
        return List.of(encoder.preference(row));
    }

    @Override
    default List<Span> spans(List<Preference> batch) {
        return Preference.spans(batch, false);
    }

    @Override
    default Set<Measure> measures() {
        return Set.of(Measure.MEAN_LOGIT);
    }

    @Override
    default long tokens(Preference example) {
        return example.length();
    }
}
