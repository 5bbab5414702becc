// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.LogitForm;
import dev.jacobian.autograd.NoGrad;
import dev.jacobian.autograd.TokenDivergence;
import dev.jacobian.autograd.TokenEntropies;
import dev.jacobian.autograd.TokenLogProbs;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.Tensor;
import dev.jacobian.transformer.plan.Head;
import java.util.Set;

/**
 * The head of a language model: hidden states to the next token. Logits of a whole batch never exist in training.
 *
 * @param weight [V, D]; the embedding itself when tied and trainable
 * @param form what becomes of the products with it
 */
public record TokenHead(LinearWeight weight, LogitForm form) {
    /** How a plan's head makes logits. */
    static LogitForm form(Head head) {
        return switch (head) {
            case Head.Tokens own -> form(own.logits());
            case Head.TiedTokens tied -> form(tied.logits());
            case Head.Scores scores ->
                throw new IllegalArgumentException("a head that scores makes no logits of tokens");
        };
    }

    private static LogitForm form(Head.Logits logits) {
        return new LogitForm(logits.scale(), logits.softCap());
    }

    /**
     * Logits of chosen rows, without gradient.
     *
     * @param hidden [N, D] from {@link Backbone}
     * @param rows [R] rows of it
     * @return [R, V]
     */
    public Tensor logits(Var hidden, int[] rows) {
        return NoGrad.compute(() -> TokenLogProbs.logits(hidden, weight, form, rows));
    }

    /**
     * Log-probabilities of chosen tokens, differentiable, and entropies.
     *
     * @param hidden [N, D] from {@link Backbone}
     * @param rows [R] the row that predicts each token
     * @param targets [R] the tokens
     */
    public TokenLogProbs.Result logProbs(Var hidden, int[] rows, int[] targets, float temperature) {
        return logProbs(hidden, rows, targets, temperature, Set.of());
    }

    /** The entropies beside some log-probabilities, differentiable. */
    Var entropies(Var hidden, int[] rows, float temperature, TokenLogProbs.Result scored) {
        return TokenEntropies.of(hidden, weight, form, rows, temperature, scored);
    }

    /**
     * How far what is predicted is from what another head predicts, differentiable here.
     *
     * @param hidden [N, D] that this head reads
     * @param others [N, D] that the other one reads
     * @param rows [R] rows of both
     */
    TokenDivergence.Result divergence(
            Var hidden, TokenHead other, Var others, int[] rows, double beta, float temperature) {
        return TokenDivergence.divergence(
                new TokenDivergence.Side(hidden, weight, form, rows),
                new TokenDivergence.Side(others, other.weight, other.form, rows),
                beta,
                temperature);
    }

    /** The same with further measures of the logits. */
    TokenLogProbs.Result logProbs(
            Var hidden, int[] rows, int[] targets, float temperature, Set<TokenLogProbs.Measure> measured) {
        return TokenLogProbs.tokenLogProbs(hidden, weight, form, rows, targets, temperature, measured);
    }
}
