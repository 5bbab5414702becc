// SPDX-License-Identifier: Apache-2.0
package dev.jacobian.transformer;

import dev.jacobian.autograd.Linear;
import dev.jacobian.autograd.LinearWeight;
import dev.jacobian.autograd.Rows;
import dev.jacobian.autograd.Var;
import dev.jacobian.tensor.DType;
import dev.jacobian.transformer.plan.Head;
import dev.jacobian.transformer.plan.Role;
import dev.jacobian.transformer.plan.TensorSpec;
import java.util.Optional;

/**
 * A head that reads numbers off a hidden state: the reward of a whole answer at its last token, the value of every position, or the
 * logits of a classifier ({@link Head.Scores}).
 *
 * @param weight [L, D]
 * @param bias [L]
 */
record ScoreHead(LinearWeight weight, Optional<Var> bias) {
    static ScoreHead of(ModelWeights weights) {
        return new ScoreHead(
                weights.matrix(Role.SCORE, TensorSpec.NO_LAYER), weights.bias(Role.SCORE, TensorSpec.NO_LAYER));
    }

    /**
     * The numbers of chosen rows, in F32; differentiable where the hidden states are F32 too.
     *
     * @param hidden [N, D] from {@link Backbone}
     * @param rows [R] rows of it, each as often as it is wanted
     * @return [R, L]
     * @throws IllegalArgumentException if gradients are wanted of hidden states of another type
     */
    Var scores(Var hidden, int[] rows) {
        DType type = hidden.value().dtype();
        if (hidden.requiresGrad() && type != DType.F32) {
            throw new IllegalArgumentException("a head that scores is trained in F32, the hidden states are " + type
                    + "; load the model with ModelOptions.computingIn(DType.F32), or score inside NoGrad");
        }
        return Linear.linear(Rows.gather(hidden, rows), weight, bias);
    }
}
