// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.rl.learn.LossPasses;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TokenScores;
import java.util.List;
import java.util.Set;

/** What a model thinks of spans, without gradient. */
final class Scorer {
    private Scorer() {}

    /** @param limit tokens of one pass */
    static SpanScores score(CausalLM model, List<Span> spans, int limit, Set<Measure> measures) {
        List<PackedSpans> parts = PackedSpans.cut(spans, limit);
        return SpanScores.of(
                parts,
                parts.stream()
                        .map(part -> LossPasses.score(model, part.batch(), measures))
                        .reduce(TokenScores::joined)
                        .orElse(TokenScores.NONE));
    }
}
