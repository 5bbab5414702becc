// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.TokenDivergence;
import dev.jacobian.autograd.Var;
import dev.jacobian.rl.learn.Reading;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.tensor.Workspace;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.MemoryPlanner;
import dev.jacobian.transformer.TokenScores;

/**
 * How far a student's distribution over the whole vocabulary is from its teacher's, for each token that counts.
 *
 * @param teacher a language model with the student's vocabulary
 * @param beta {@link TokenDivergence}
 * @param temperature that divides the logits of both
 */
record DivergenceReading(CausalLM teacher, double beta, double temperature) implements Reading {
    @Override
    public Read read(CausalLM model, Var hidden, LabelledBatch batch) {
        Tensor known = Workspace.keepResult(() -> NoGrad.compute(
                () -> teacher.hidden(batch.tokens(), batch.segments()).value())); // [N, D of the teacher]
        TokenDivergence.Result result =
                model.divergence(hidden, teacher, Var.constant(known), batch.rows(), beta, (float) temperature);
        return new Read(
                result.divergences(),
                () -> TokenScores.ofNumbers(
                        result.divergences().value().toFloatArray(),
                        result.entropy().toFloatArray()));
    }

    @Override
    public MemoryPlanner plan(MemoryPlanner planner) {
        return planner.beside(teacher);
    }
}
