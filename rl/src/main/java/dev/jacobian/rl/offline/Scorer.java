// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.TokenScores;
import java.util.List;
import java.util.Set;

/** What a model thinks of spans, without gradient. */
final class Scorer {
    private Scorer() {}

    static SpanScores score(CausalLM model, List<Span> spans, int limit, Set<Measure> measures) {
        List<PackedSpans> parts = PackedSpans.cut(spans, limit);
        List<TokenScores> scores =
                parts.stream().map(part -> tokens(model, part, measures)).toList();
        return SpanScores.joined(parts, scores);
    }

    static TokenScores tokens(CausalLM model, PackedSpans part, Set<Measure> measures) {
        return part.targets() == 0
                ? TokenScores.NONE
                : Workspace.currentOrNew()
                        .compute(() -> NoGrad.compute(() -> TokenScores.of(score(model, part, measures))));
    }

    /** One forward pass; differentiable unless inside {@link NoGrad}. */
    static TokenLogProbs.Result score(CausalLM model, PackedSpans packed, Set<Measure> measures) {
        LabelledBatch batch = packed.batch();
        return score(model, model.hidden(batch.tokens(), batch.segments()), packed, measures);
    }

    /** The same behind the backbone. */
    static TokenLogProbs.Result score(CausalLM model, Var hidden, PackedSpans packed, Set<Measure> measures) {
        LabelledBatch batch = packed.batch();
        return model.logProbs(hidden, batch.rows(), batch.targets(), 1f, measures);
    }
}
