// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.spill.RecordCodec;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * A prompt with an answer and what somebody thinks of that.
 *
 * @param tokens up to the one that is scored
 * @param score of the answer; 1 and 0 for right and wrong
 */
public record Outcome(int[] tokens, double score) {
    /** How they are kept. */
    static final RecordCodec<Outcome> CODEC = RecordCodec.of(
            (outcome, out) -> out.integers(outcome.tokens).real(outcome.score),
            in -> new Outcome(in.integers(), in.real()));

    /** A row with {@code completion}, perhaps behind a {@code prompt}, and {@code label} or {@code score}; none if it is too long. */
    static List<Outcome> read(JsonNode row, boolean isLabelled, RowEncoder encoder) {
        double score = isLabelled ? (RowEncoder.label(row) ? 1 : 0) : score(row);
        Optional<int[]> all = encoder.whole(row, "completion");
        return all.map(tokens -> new Outcome(Arrays.copyOf(tokens, encoder.scoredToken(tokens) + 1), score)).stream()
                .toList();
    }

    private static double score(JsonNode row) {
        JsonNode score = row.path("score");
        if (!score.isNumber()) {
            throw new FormatException(
                    "the row",
                    "'score' must be a number, found " + Json.excerpt(score),
                    "Say how good the completion is, or use loss_type=bce with 'label'");
        }
        return score.doubleValue();
    }

    Span span() {
        BitSet last = new BitSet();
        last.set(tokens.length - 1);
        return new Span(tokens, -1, last);
    }
}
