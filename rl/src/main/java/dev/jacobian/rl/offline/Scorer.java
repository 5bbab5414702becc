// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.rl.learn.LossPasses;
import dev.jacobian.rl.learn.Reading;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TokenScores;
import java.util.List;

/** What a model thinks of spans, without gradient. */
final class Scorer {
    private Scorer() {}

    /** @param limit tokens of one pass */
    static SpanScores score(CausalLM model, List<Span> spans, int limit, Reading reading) {
        List<PackedSpans> parts = PackedSpans.cut(spans, limit, reading);
        return SpanScores.of(
                parts,
                parts.stream()
                        .map(part -> LossPasses.score(model, part.batch(), reading))
                        .reduce(TokenScores::joined)
                        .orElse(TokenScores.NONE));
    }
}
