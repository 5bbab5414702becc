// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.transformer.CausalLM;
import java.util.List;
import java.util.Map;

/** A method that brings a student near a teacher on completions of prompts. */
public interface DistillationMethod extends OfflineMethod<Completed> {
    /**
     * What the method needs of teachers.
     *
     * @param student the model that learns, which may be asked for completions
     * @throws IllegalArgumentException if it takes another number of them
     */
    Teaching<Completed> teaching(CausalLM student, List<CausalLM> teachers, long seed);

    @Override
    default Map<String, Object> defaults() {
        return Map.of("learning_rate", 1e-6, "lr_scheduler_type", "linear");
    }

    @Override
    default RecordCodec<Completed> codec() {
        return Completed.CODEC;
    }

    @Override
    default List<Completed> encode(JsonNode row, RowEncoder encoder) {
        Completed example = CompletedRows.read(row, encoder);
        if (needsCompletions() && example.completion().length == 0) {
            throw new FormatException(
                    "the row",
                    "there is no completion, and " + name() + " samples none for it",
                    "Write 'prompt' and 'completion', or 'messages', or recorded 'prompt_ids' and 'completion_ids'");
        }
        return List.of(example);
    }

    /** Whether each row must have a completion. */
    default boolean needsCompletions() {
        return false;
    }

    @Override
    default List<Span> spans(List<Completed> batch) {
        return Completed.spans(batch);
    }

    @Override
    default long tokens(Completed example) {
        return example.length();
    }

    @Override
    default long units(Completed example) {
        return example.completion().length;
    }
}
