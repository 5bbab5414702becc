// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.jacobian.io.FormatException;
import dev.jacobian.io.Json;
import dev.jacobian.io.spill.RecordCodec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;

/**
 * Two sequences, of which somebody preferred one, as a reward model sees them.
 *
 * @param shared what both begin with, computed once
 * @param chosen what follows in the better one, up to the token that is scored
 * @param rejected what follows in the worse one
 * @param tokens of both sequences; what they share counts twice
 * @param margin by how much the better one should be ahead
 */
public record RewardPair(int[] shared, int[] chosen, int[] rejected, long tokens, double margin) {
    /** How they are kept. */
    static final RecordCodec<RewardPair> CODEC = RecordCodec.of(
            (pair, out) -> out.integers(pair.shared)
                    .integers(pair.chosen)
                    .integers(pair.rejected)
                    .integer64(pair.tokens)
                    .real(pair.margin),
            in -> new RewardPair(in.integers(), in.integers(), in.integers(), in.integer64(), in.real()));

    /** A row with {@code chosen} and {@code rejected}, perhaps {@code prompt} and {@code margin}; none if either is too long. */
    static List<RewardPair> read(JsonNode row, RowEncoder encoder) {
        JsonNode margin = row.path("margin");
        if (!margin.isMissingNode() && !margin.isNumber()) {
            throw new FormatException(
                    "the row", "'margin' must be a number, found " + Json.excerpt(margin), "Leave it out for none");
        }
        Optional<int[]> chosen = encoder.whole(row, "chosen");
        Optional<int[]> rejected = encoder.whole(row, "rejected");
        if (chosen.isEmpty() || rejected.isEmpty()) {
            return List.of();
        }
        int[] better = chosen.get();
        int[] worse = rejected.get();
        return List.of(of(better, encoder.scoredToken(better), worse, encoder.scoredToken(worse), margin.asDouble()));
    }

    /** Of whole sequences, each with the place of the token that is scored. */
    static RewardPair of(int[] chosen, int chosenScored, int[] rejected, int rejectedScored, double margin) {
        int most = Math.min(chosenScored, rejectedScored); // the token that is scored is each one's own
        int mismatch = Arrays.mismatch(chosen, 0, most, rejected, 0, most);
        int shared = mismatch < 0 ? most : mismatch;
        return new RewardPair(
                Arrays.copyOf(chosen, shared),
                Arrays.copyOfRange(chosen, shared, chosenScored + 1),
                Arrays.copyOfRange(rejected, shared, rejectedScored + 1),
                (long) chosen.length + rejected.length,
                margin);
    }

    /** The place of a pair's chosen sequence in {@link #spans}; the rejected one follows. */
    static int chosenOf(int pair) {
        return 3 * pair + 1;
    }

    /** What is shared, and both ends, of each pair; the last token of an end scores. */
    static List<Span> spans(List<RewardPair> pairs) {
        List<Span> spans = new ArrayList<>();
        for (RewardPair pair : pairs) {
            int parent = spans.size();
            spans.add(Span.prompt(pair.shared));
            spans.add(scoredAtEnd(pair.chosen, parent));
            spans.add(scoredAtEnd(pair.rejected, parent));
        }
        return spans;
    }

    private static Span scoredAtEnd(int[] tokens, int parent) {
        BitSet last = new BitSet();
        last.set(tokens.length - 1);
        return new Span(tokens, parent, last);
    }
}
