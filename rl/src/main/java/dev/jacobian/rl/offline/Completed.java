// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.io.spill.RecordCodec;
import dev.jacobian.rl.learn.Meter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A prompt and a completion of it that somebody wrote or sampled.
 *
 * @param prompt tokens
 * @param completion tokens, the end token included
 * @param truncated whether it was ended by a limit
 */
public record Completed(int[] prompt, int[] completion, boolean truncated) {
    /** How they are kept. */
    static final RecordCodec<Completed> CODEC = RecordCodec.of(
            (example, out) ->
                    out.integers(example.prompt).integers(example.completion).truth(example.truncated),
            in -> new Completed(in.integers(), in.integers(), in.truth()));

    /** Prompt and completion of each. */
    static List<Span> spans(List<Completed> batch) {
        List<Span> spans = new ArrayList<>();
        for (Completed example : batch) {
            spans.add(Span.prompt(example.prompt));
            spans.add(Span.learned(example.completion, spans.size() - 1));
        }
        return spans;
    }

    /** No more than so many tokens of the completion. */
    Completed cut(int most) {
        return completion.length <= most ? this : new Completed(prompt, Arrays.copyOf(completion, most), true);
    }

    long length() {
        return (long) prompt.length + completion.length;
    }

    /** TRL's metrics of what was completed. */
    static void measure(Batch<Completed> batch) {
        Meter meter = batch.meter();
        for (String kind : List.of("mean", "min", "max")) {
            meter.otherwise("completions/" + kind + "_terminated_length", 0); // as TRL has it where none ended
        }
        for (Completed example : batch.examples()) {
            int length = example.completion.length;
            meter.pooled("completions/mean_length", length, 1);
            meter.least("completions/min_length", length);
            meter.most("completions/max_length", length);
            meter.pooled("completions/clipped_ratio", example.truncated ? 1 : 0, 1);
            if (!example.truncated) {
                meter.pooled("completions/mean_terminated_length", length, 1);
                meter.least("completions/min_terminated_length", length);
                meter.most("completions/max_terminated_length", length);
            }
        }
    }
}
