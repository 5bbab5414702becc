// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.spill.RecordCodec;
import java.util.List;
import java.util.Map;

/** A method that learns from demonstrations: every token that is learned counts the same in the whole optimizer step. */
interface DemonstrationMethod extends OfflineMethod<Demonstration> {
    /** What of a row is learned, and how rows share a sequence. */
    DemonstrationRows rows();

    @Override
    default Map<String, Object> defaults() {
        return Map.of(
                "max_steps", 1000,
                "per_device_train_batch_size", 64,
                "learning_rate", 1e-3,
                "lr_scheduler_type", "cosine",
                "warmup_steps", 50,
                "save_steps", 100);
    }

    @Override
    default RecordCodec<Demonstration> codec() {
        return Demonstration.CODEC;
    }

    @Override
    default List<Demonstration> encode(JsonNode row, RowEncoder encoder) {
        return List.of(rows().encode(encoder.read(row), encoder));
    }

    @Override
    default List<Demonstration> arrange(List<Demonstration> examples, int maxLength) {
        return rows().arrange(examples, maxLength);
    }

    @Override
    default List<Span> spans(List<Demonstration> batch) {
        return batch.stream()
                .flatMap(row -> row.documents().stream())
                .map(document -> new Span(document.tokens(), -1, document.learned()))
                .toList();
    }

    @Override
    default long units(Demonstration example) {
        return example.labels();
    }
}
