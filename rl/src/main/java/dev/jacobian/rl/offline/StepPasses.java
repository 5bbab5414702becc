// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.offline;

import dev.jacobian.autograd.LoadBalance;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.TokenScores;
import dev.jacobian.transformer.TrainingPass;
import java.util.Arrays;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The passes of an optimizer step, with what a model adds of its own: the load-balancing loss of a mixture's experts, each part of the step
 * by its share of the step's tokens, and what an adapter leaves out ({@code lora_dropout}), decided by the step and the place in it.
 */
final class StepPasses {
    private final CausalLM model;
    private final int step;
    private final long tokens; // of the step
    private double sum;
    private long spans; // that were passed

    StepPasses(CausalLM model, int step, long tokens) {
        this.model = model;
        this.step = step;
        this.tokens = tokens;
    }

    /** At the same place. */
    StepPasses copy() {
        StepPasses copy = new StepPasses(model, step, tokens);
        copy.spans = spans;
        return copy;
    }

    /** A pass with what an adapter leaves out. */
    <T> T inTraining(PackedSpans part, Supplier<T> pass) {
        model.beginDropout(((long) step << 32) + spans);
        try {
            return pass.get();
        } finally {
            model.endDropout();
            spans += part.offsets().length - 1;
        }
    }

    boolean isWanted() {
        return model.routerAuxLossCoef() > 0;
    }

    /** The weight of a part's loss in that of the step. */
    float weight(PackedSpans part) {
        return (float) (share(part) * model.routerAuxLossCoef());
    }

    private double share(PackedSpans part) {
        return (double) part.rows() / (double) tokens;
    }

    TokenScores add(PackedSpans part, TrainingPass.Scores scores) {
        sum += share(part) * scores.balance();
        return scores.tokens();
    }

    /** The step's loss, weighted. */
    double loss() {
        return model.routerAuxLossCoef() * sum;
    }

    void measure(Meter meter) {
        if (isWanted()) {
            meter.pooled("aux_loss", sum, 1);
        }
    }

    /** A forward pass that waits for its gradient. */
    record Pass(TokenLogProbs.Result result, Optional<Var> balance, float weight) {
        /** @param from the first of the part's tokens in the loss */
        void backward(Loss loss, int from) {
            int count = result.logProbs().value().elements();
            float[] gradient = loss.derivatives(from, from + count);
            if (balance.isEmpty()) {
                if (count > 0) {
                    result.logProbs().backward(Tensor.of(gradient, count));
                }
                return;
            }
            float[] both = Arrays.copyOf(gradient, count + 1);
            both[count] = weight;
            Rows.joined(result.logProbs(), balance.get()).backward(Tensor.of(both, count + 1));
        }
    }

    Pass forward(PackedSpans part, Set<Measure> measures) {
        if (!isWanted()) {
            return new Pass(Scorer.score(model, part, measures), Optional.empty(), 0);
        }
        LoadBalance balance = model.newLoadBalance();
        Var hidden = model.hidden(part.batch().tokens(), part.batch().segments(), balance); // [N, D]
        TokenLogProbs.Result result = Scorer.score(model, hidden, part, measures);
        Var own = balance.loss(hidden); // [1]
        sum += share(part) * own.value().toFloatArray()[0];
        return new Pass(result, Optional.of(own), weight(part));
    }
}
