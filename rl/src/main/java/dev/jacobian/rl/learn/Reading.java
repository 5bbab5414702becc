// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.rl.learn;

import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.TokenLogProbs.Measure;
import dev.jacobian.autograd.Var;
import dev.jacobian.transformer.CausalLM;
import dev.jacobian.transformer.LabelledBatch;
import dev.jacobian.transformer.MemoryPlanner;
import dev.jacobian.transformer.TokenScores;
import java.util.Set;
import java.util.function.Supplier;

/**
 * What a loss is a function of: numbers that are read off hidden states, one or several for each token that counts. Log-probabilities
 * mostly; of a model that scores its scores; of a student how far it is from its teacher.
 */
public interface Reading {
    /**
     * What was read.
     *
     * @param numbers those of the first token that counts, of the second, …; differentiable
     * @param scores the same on the host, and what was measured beside
     */
    record Read(Var numbers, Supplier<TokenScores> scores) {}

    /** Whether the numbers of a token are read where it stands, or where it is predicted: at the token before it. */
    default boolean isOfTokenItself() {
        return false;
    }

    /** Numbers for each token that counts. */
    default int perToken() {
        return 1;
    }

    /** Whether the model's numbers are log-probabilities, for which a device replays passes. */
    default boolean isOfLogProbs() {
        return false;
    }

    /**
     * Reads.
     *
     * @param hidden [N, D] of the batch's tokens by the model
     */
    Read read(CausalLM model, Var hidden, LabelledBatch batch);

    /** The same numbers without what is measured beside, for a second pass. */
    default Reading again() {
        return this;
    }

    /** Adds to a run's memory what is needed beside the model. */
    default MemoryPlanner plan(MemoryPlanner planner) {
        return planner;
    }

    /**
     * Log-probabilities of tokens, and entropies.
     *
     * @param measures what else is measured of the logits
     */
    record LogProbs(Set<Measure> measures) implements Reading {
        @Override
        public boolean isOfLogProbs() {
            return true;
        }

        @Override
        public Reading again() {
            return new LogProbs(Set.of());
        }

        @Override
        public Read read(CausalLM model, Var hidden, LabelledBatch batch) {
            TokenLogProbs.Result result = model.logProbs(hidden, batch.rows(), batch.targets(), 1f, measures);
            return new Read(result.logProbs(), () -> TokenScores.of(result));
        }
    }

    /**
     * What a head that scores says of tokens: all numbers of the first, then those of the second.
     *
     * @param perToken labels of the head
     */
    record Scores(int perToken) implements Reading {
        @Override
        public boolean isOfTokenItself() {
            return true;
        }

        @Override
        public Read read(CausalLM model, Var hidden, LabelledBatch batch) {
            Var scores = model.scores(hidden, batch.rows()); // [R, L]
            return new Read(scores, () -> TokenScores.ofNumbers(scores.value().toFloatArray()));
        }
    }
}
